"""Owners' JSON files made into ranks. A file that cannot be converted exactly is refused."""

import json
from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tokenizer_registry.formats import byte_alphabet
from tokenizer_registry.verification.references import BytePair, parts_before_last_merge

TokenizerDocument = dict[str, Any]
# What counting needs. Post-processing adds control tokens; decoding, padding and truncation are not for counting.
NEEDED = ("version", "normalizer", "pre_tokenizer")
# Set on an added token that sources.toml states to be a word. The library skips fields that it does not know.
STATED_WORD = "is_word"


def is_ordinary_text(token: Mapping[str, Any]) -> bool:
    """Whether an added token stands for text that people write: white space, a single character, or a stated word.

    All others are markers: control tokens, and names such as <think> or <|im_start|>, flagged special or not.
    """
    if token.get(STATED_WORD):
        return True
    return not token["special"] and (not token["content"].strip() or len(token["content"]) == 1)


def plain_document(document: Mapping[str, Any]) -> TokenizerDocument:
    """The document with all that counting plain text needs, and with no marker that could match in a text."""
    markers = {token["content"] for token in document["added_tokens"] if not is_ordinary_text(token)}
    return {
        **{key: document[key] for key in NEEDED if key in document},
        "added_tokens": [_as_published(token) for token in document["added_tokens"] if is_ordinary_text(token)],
        "model": _without_markers(document["model"], markers),
    }


def _as_published(token: Mapping[str, Any]) -> TokenizerDocument:
    return {name: value for name, value in token.items() if name != STATED_WORD}


def content_of_document(document: Mapping[str, Any]) -> bytes:
    """The document as a compact file, the same on every machine."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def with_stated_words(document: Mapping[str, Any], words: Collection[str]) -> TokenizerDocument:
    """The document with these added tokens marked as text that people write."""
    added = [{**token, STATED_WORD: True} if token["content"] in words else token for token in document["added_tokens"]]
    return {**document, "added_tokens": added}


def without_prepended_space(document: Mapping[str, Any]) -> TokenizerDocument:
    """The document without the step that puts a space in front of each text."""
    steps = [step for step in document["normalizer"]["normalizers"] if step["type"] != "Prepend"]
    return {**document, "normalizer": {**document["normalizer"], "normalizers": steps}}


def with_runs_of_white_space(document: Mapping[str, Any]) -> TokenizerDocument:
    """GPT-2's tokenizer made CodeGen's and Phi's: 31 to 2 spaces and 9 to 2 tabs are tokens of their own."""
    runs = [*(" " * length for length in range(31, 1, -1)), *("\t" * length for length in range(9, 1, -1))]
    first = len(document["model"]["vocab"])
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    added = [{"id": first + place, "content": run, **flags} for place, run in enumerate(runs)]
    return {**document, "added_tokens": [*document["added_tokens"], *added]}


def _without_markers(model: Mapping[str, Any], markers: set[str]) -> TokenizerDocument:
    match model["type"]:
        case "Unigram":
            # A Unigram matches every piece. No text holds a space when it comes to the pieces: ▁ has replaced it.
            pieces = [[f" {text}" if text in markers else text, score] for text, score in model["vocab"]]
            return {**model, "vocab": pieces}
        case "BPE":
            return {**model, "merges": [pair for pair in _text_pairs(model["merges"]) if "".join(pair) not in markers]}
        case _:
            return dict(model)


def _text_pairs(merges: Iterable[str | list[str]]) -> list[list[str]]:
    return [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]


NEVER_IN_UTF8 = frozenset({0xC0, 0xC1, *range(0xF5, 0x100)})
# The first byte of the planes 4 to 7, where Unicode has assigned nothing: two owners have no token for it.
UNASSIGNED = frozenset({0xF1})


class Inexact(Exception):
    """The conversion would give other tokens than the original."""


def ranks_of_tekken(document: Mapping[str, Any]) -> dict[bytes, int]:
    """The text tokens of a tekken.json, which come first. The model adds the number of specials to a rank."""
    config = document["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]
    entries = document["vocab"][:size]
    if [entry["rank"] for entry in entries] != list(range(size)):
        raise Inexact("the ranks are not 0, 1, 2 …")
    alphabet = {entry["token_bytes"]: entry["rank"] for entry in entries}
    if len(alphabet) != size:
        raise Inexact("two tokens have the same bytes")
    return {b64decode(token): rank for token, rank in alphabet.items()}


def ranks_of_tokenizer_json(document: Mapping[str, Any]) -> dict[bytes, int]:
    """The ranks that merge as the pairs of a byte-level BPE tokenizer.json do.

    They are the owner's own numbers where those rise in the order of the merges, else the places in that order.
    """
    model = document["model"]
    _refuse_other_models(document)
    control = {token["content"] for token in document["added_tokens"]}
    numbers = _text_tokens(model["vocab"], control)
    pairs = _pairs(model["merges"])
    order = {left + right: place for place, (left, right) in reversed(list(enumerate(pairs)))}
    singles = sorted((token for token in numbers if len(token) == 1), key=numbers.__getitem__)
    merged = sorted((token for token in numbers if token in order), key=order.__getitem__)
    whole_words = bool(model.get("ignore_merges"))
    loose = _loose(numbers, order) if whole_words else []
    ranks = {token: rank for rank, token in enumerate([*singles, *merged, *loose])}
    missing = _missing_bytes(singles)
    _prove_order(pairs, order)
    kept = [*singles, *_formed([*merged, *loose], ranks, set(pairs), whole_words)]
    owners = {token: numbers[token] for token in kept}
    if list(owners.values()) != sorted(owners.values()):
        owners = {token: rank for rank, token in enumerate(kept)}
    after = max(*numbers.values(), len(kept)) + 1
    return owners | {bytes([byte]): after + place for place, byte in enumerate(sorted(missing))}


def owners_numbers(document: Mapping[str, Any], ranks: Mapping[bytes, int]) -> dict[int, int]:
    """Rank to the number that the owner's tokenizer.json has for the same token."""
    control = {token["content"] for token in document["added_tokens"]}
    numbers = _text_tokens(document["model"]["vocab"], control)
    return {rank: numbers[token] for token, rank in ranks.items() if token in numbers}


def _loose(numbers: Mapping[bytes, int], order: Mapping[bytes, int]) -> list[bytes]:
    """Tokens that no pair forms; with `ignore_merges` a whole word may still be one."""
    return sorted((token for token in numbers if len(token) > 1 and token not in order), key=numbers.__getitem__)


def _refuse_other_models(document: Mapping[str, Any]) -> None:
    model = document["model"]
    marks = ("byte_fallback", "dropout", "continuing_subword_prefix", "end_of_word_suffix")
    found = [mark for mark in marks if model.get(mark)]
    if model["type"] != "BPE" or found:
        raise Inexact(f"model {model['type']} with {found}")
    plain = [token["content"] for token in document["added_tokens"] if is_ordinary_text(token)]
    if plain:
        raise Inexact(f"added tokens of ordinary text: {plain[:3]}")


def _text_tokens(vocabulary: Mapping[str, int], control: set[str]) -> dict[bytes, int]:
    byte_of = {letter: byte for byte, letter in byte_alphabet().items()}
    return {
        bytes(byte_of[letter] for letter in token): number
        for token, number in vocabulary.items()
        if token not in control and all(letter in byte_of for letter in token)
    }


def _pairs(merges: Iterable[str | list[str]]) -> list[BytePair]:
    byte_of = {letter: byte for byte, letter in byte_alphabet().items()}
    found = []
    for merge in merges:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        found.append((bytes(byte_of[letter] for letter in left), bytes(byte_of[letter] for letter in right)))
    return found


def _missing_bytes(singles: Iterable[bytes]) -> set[int]:
    """Bytes of valid text without a token: they get one each, above all others. The owner drops such characters."""
    missing = set(range(256)) - {token[0] for token in singles} - NEVER_IN_UTF8
    if not missing <= UNASSIGNED:
        raise Inexact(f"{len(missing)} bytes have no token")
    return missing


def _prove_order(pairs: list[BytePair], order: Mapping[bytes, int]) -> None:
    """Pairs that form the same token have to stand together, or one rank could not stand for them all."""
    seen: dict[bytes, int] = {}
    for left, right in pairs:
        seen[left + right] = seen.get(left + right, 0) + 1
    for place, (left, right) in enumerate(pairs):
        if place - order[left + right] >= seen[left + right]:
            raise Inexact(f"the pairs of {left + right!r} are apart")


def _formed(
    merged: Iterable[bytes], ranks: Mapping[bytes, int], pairs: set[BytePair], whole_words: bool
) -> list[bytes]:
    """The tokens that merging forms, each shown to be formed by a pair that the owner lists.

    A token that is never formed is left out: as a rank it would match a whole word, which only `whole_words` does.
    """
    kept = []
    for token in merged:
        parts = parts_before_last_merge(token, ranks)
        if len(parts) == 2 and (parts[0], parts[1]) not in pairs:
            raise Inexact(f"{token!r} would be formed by a pair that is not listed")
        if len(parts) == 2 or whole_words:
            kept.append(token)
    return kept
