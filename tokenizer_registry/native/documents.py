"""tokenizer.json files, in the terms of the C library."""

import json
import struct
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

from tokenizer_registry.formats import byte_alphabet
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.layout import META_SPACE, SIZE, Method, PackedSection, Tables, added_sections, flag_of
from tokenizer_registry.native.pre_tokenizers import document_splits
from tokenizer_registry.native.tables import ascii_pairs, boundary_strings, numbers, strings, with_prefixes

SymbolPair = tuple[str, str]
# Above the rank of any merge.
NO_MERGE: Final = sys.maxsize


def ranked_strings(merges: Sequence[SymbolPair]) -> list[str]:
    """The strings that byte pair encoding ever makes with these merges, in the order of the merges that make them.

    To merge any two neighbours whose string is among these, the first string first, is the same as to merge the given
    pairs, for every text: there is one pair that makes a string. Look at a stretch of text across whose ends nothing
    was merged. The next merge of the text was always the next of the stretch, if it was in there at all. So what was
    merged in it is what is merged first where it stands alone, and if two neighbours are left of it, these are the two
    that are left of it when it stands alone. What makes the string there is their merge.
    """
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    made = {text: _last_merge(text, ranks) for text in dict.fromkeys(left + right for left, right in merges)}
    found = {text: rank for text, rank in made.items() if rank is not None}
    return sorted(found, key=found.__getitem__)


def _last_merge(text: str, ranks: Mapping[SymbolPair, int]) -> int | None:
    """The rank of the merge that makes the text of its characters; None if it stays in parts."""
    symbols = list(text)
    known = [ranks.get(pair, NO_MERGE) for pair in pairwise(symbols)]  # between neighbours; equal ones are one pair
    rank = None
    while known:
        rank = min(known)
        if rank == NO_MERGE:
            return None
        place = known.index(rank)
        merged = symbols[place] + symbols[place + 1]
        symbols[place : place + 2] = [merged]
        del known[place]
        if place:
            known[place - 1] = ranks.get((symbols[place - 1], merged), NO_MERGE)
        if place < len(known):
            known[place] = ranks.get((merged, symbols[place + 1]), NO_MERGE)
    return rank


UNKNOWN_PENALTY: Final = 10.0
CONTINUES: Final = "##"
# The bytes that UTF-8 has.
IN_TEXTS: Final = {*range(0xC0), *range(0xC2, 0xF5)}


def document_tables(document: Mapping[str, Any]) -> Tables:
    """The tables for a tokenizer.json. Raises ValueError where the C library does not know its ways."""
    model, steps = document["model"], _normalizers(document["normalizer"])
    match model["type"]:
        case "BPE" if model.get("byte_fallback"):
            tables = _characters(model, steps)
            if document["pre_tokenizer"] is not None:
                raise ValueError("merges of characters are known for whole texts only")
        case "BPE":
            tables = _bytes(model, steps)
            tables.splits = document_splits(document["pre_tokenizer"])
        case "Unigram":
            tables = _unigram(model, steps)
            if document["pre_tokenizer"]["type"] != "Metaspace":
                raise ValueError("unigrams are known for words with bars only")
        case "WordPiece":
            tables = _word_pieces(model, steps, document["pre_tokenizer"])
        case other:
            raise ValueError(f"a model that is not known here: {other}")
    tables.sections |= added_sections(list(_added_texts(document["added_tokens"])))
    return tables


def _normalizers(step: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if step is None:
        return []
    return list(step["normalizers"]) if step["type"] == "Sequence" else [step]


def _added_texts(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len({row["normalized"] for row in rows}) > 1:
        raise ValueError("added tokens of both kinds, before and behind the normalizer")
    for row in rows:
        if row["single_word"] or row["lstrip"] or row["rstrip"] or row["special"]:
            raise ValueError(f"an added token with conditions: {row}")
        if boundary_strings([row["content"].encode()]):
            raise ValueError(f"an added token across the end of a word: {row}")
        yield row["content"]


def _made(model: Mapping[str, Any]) -> list[str]:
    """The texts of the tokens that merges make, the first one first."""
    if model.get("ignore_merges") or model.get("dropout") or model.get("end_of_word_suffix"):
        raise ValueError("options of merges that are not known here")
    halves = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    return ranked_strings([(left, right) for left, right in halves])


def _characters(model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Tables:
    prepends = {"type": "Prepend", "prepend": META_SPACE.decode()}
    bars = {"type": "Replace", "pattern": {"String": " "}, "content": META_SPACE.decode()}
    if [step for step in steps if step != prepends] != [bars]:
        raise ValueError(f"normalizers that are not known here: {steps}")
    made = _made(model)
    bytes_of = {f"<0x{byte:02X}>" for byte in range(256)}
    if bytes_of & set(made) or bytes_of - model["vocab"].keys():
        raise ValueError("bytes that are no tokens, or that merges make, are not known here")
    texts = [text.encode() for text in (*(text for text in model["vocab"] if len(text) == 1), *made)]
    sections = {PackedSection.TOKENS: strings(texts), PackedSection.ASCII_PAIRS: ascii_pairs(texts)}
    sections[PackedSection.BOUNDARIES] = strings(boundary_strings(text.replace(META_SPACE, b" ") for text in texts))
    return Tables(Method.CHARACTER_BPE, sections, puts_space_first=prepends in steps, candidates=texts)


def _bytes(model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Tables:
    forms = [step["type"] for step in steps]
    if forms not in ([], ["NFC"], ["NFKC"]):
        raise ValueError(f"normalizers that are not known here: {steps}")
    letters = [letter for _, letter in sorted(byte_alphabet().items())]
    left_out = bytes(letter not in model["vocab"] and byte in IN_TEXTS for byte, letter in enumerate(letters))
    if any(left_out) and model.get("unk_token"):
        raise ValueError("bytes that stand for an unknown token")
    bytes_of = {letter: byte for byte, letter in byte_alphabet().items()}
    singles = [letter for letter in letters if letter in model["vocab"]]
    texts = [bytes(map(bytes_of.__getitem__, text)) for text in (*singles, *_made(model))]
    sections = {PackedSection.TOKENS: strings(texts), PackedSection.ASCII_PAIRS: ascii_pairs(texts)}
    sections |= {PackedSection.LEFT_OUT: left_out} if any(left_out) else {}
    sections[PackedSection.BOUNDARIES] = strings(boundary_strings(texts))
    return Tables(Method.BYTE_BPE, sections, plain=flag_of(forms[0] if forms else None))


def _unigram(model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Tables:
    strips_end = [step["type"] for step in steps] == ["Precompiled", "Strip", "Replace"]
    if not strips_end and [step["type"] for step in steps] != ["Precompiled", "Replace"]:
        raise ValueError(f"normalizers that are not known here: {steps}")
    if model.get("byte_fallback"):
        raise ValueError("unigrams with byte fallback are not known here")
    texts = [text for text, _ in model["vocab"]]
    scores = [score for _, score in model["vocab"]]
    if len(set(texts)) < len(texts):
        raise ValueError("a piece stands twice")
    prefixes = with_prefixes(texts)
    rest = [float("nan")] * (len(prefixes.texts) - len(texts))
    sections = {
        PackedSection.TOKENS: strings(prefixes.texts),
        PackedSection.SCORES: struct.pack(f"<{len(prefixes.texts)}d", *scores, *rest),
        PackedSection.OWN_NORMALIZER: _described(normalizer=steps[0], pre_tokenizer=None, strips_end=strips_end),
        **_changed(read_characters().forms["nmt_nfkc"]),
    }
    return Tables(
        Method.UNIGRAM,
        sections,
        plain=flag_of("nmt_nfkc"),
        puts_space_first=True,
        strips_end=strips_end,
        candidates=prefixes.texts,
        unknown=model["unk_id"],
        unknown_score=min(scores) - UNKNOWN_PENALTY,
    )


def _hangul_in_parts() -> dict[str, str]:
    """Syllables are taken apart where accents are taken off."""
    return {syllable: unicodedata.normalize("NFD", syllable) for syllable in map(chr, range(0xAC00, 0xD7A4))}


def _changed(form: Mapping[str, str]) -> dict[PackedSection, bytes]:
    """A form's table: the characters, and what becomes of them."""
    texts = [text.encode() for text in form.values()]
    places = numbers([0, *accumulate(map(len, texts))])
    return {
        PackedSection.CHANGED: strings([character.encode() for character in form]),
        PackedSection.CHANGED_INTO: places + b"".join(texts),
    }


def _described(**form: object) -> bytes:
    """A form for `own_form`, behind its size."""
    description = json.dumps(form).encode()
    return SIZE.pack(len(description)) + description


def _word_pieces(
    model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], pre_tokenizer: Mapping[str, Any]
) -> Tables:
    if [step["type"] for step in steps] != ["BertNormalizer"] or model["max_input_chars_per_word"] != 100:
        raise ValueError("word pieces are known behind BERT's normalizer only")
    continuing = [text.removeprefix(CONTINUES) for text in model["vocab"] if text.startswith(CONTINUES)]
    beginning = [text for text in model["vocab"] if not text.startswith(CONTINUES)]
    sections = {
        PackedSection.TOKENS: strings([text.encode() for text in beginning]),
        PackedSection.CONTINUATIONS: strings([text.encode() for text in continuing]),
        PackedSection.OWN_NORMALIZER: _described(normalizer=steps[0], pre_tokenizer=pre_tokenizer),
        **_changed(dict(read_characters().forms["BERT"]) | _hangul_in_parts()),
    }
    return Tables(Method.WORD_PIECES, sections, plain=flag_of("BERT"))
