"""tokenizer.json files, in the terms of the C library."""

import struct
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.form import Method, Section, Tables, added_sections, flag_of, numbers
from tokenizer_registry.native.splits import document_splits
from tokenizer_registry.native.tables import ascii_pairs, pairs, strings, with_prefixes
from tokenizer_registry.verification.byte_alphabet import byte_alphabet

# The number of a byte that has no token.
NO_TOKEN: Final = 0xFFFFFFFE
UNKNOWN_PENALTY: Final = 10.0
CONTINUES: Final = "##"
BAR: Final = "▁"


def document_tables(document: Mapping[str, Any]) -> Tables:
    """The tables for a tokenizer.json. Raises ValueError where the C library does not know its ways."""
    model, steps = document["model"], _normalizers(document["normalizer"])
    match model["type"]:
        case "BPE" if model.get("byte_fallback"):
            tables = _characters_by_pair(model, steps)
            if document["pre_tokenizer"] is not None:
                raise ValueError("merges of characters are known for whole texts only")
        case "BPE":
            tables = _bytes_by_pair(model, steps)
            tables.splits = document_splits(document["pre_tokenizer"])
        case "Unigram":
            tables = _unigram(model, steps)
            if document["pre_tokenizer"]["type"] != "Metaspace":
                raise ValueError("unigrams are known for words with bars only")
        case "WordPiece":
            tables = _word_pieces(model, steps)
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
        yield row["content"]


def _merges(model: Mapping[str, Any]) -> bytes:
    vocabulary = model["vocab"]
    if model.get("ignore_merges") or model.get("dropout") or model.get("end_of_word_suffix"):
        raise ValueError("options of merges that are not known here")
    halves = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    return pairs(
        [vocabulary[left] for left, _ in halves],
        [vocabulary[right] for _, right in halves],
        [vocabulary[left + right] for left, right in halves],
    )


def _characters_by_pair(model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Tables:
    prepends = {"type": "Prepend", "prepend": BAR}
    bars = {"type": "Replace", "pattern": {"String": " "}, "content": BAR}
    if [step for step in steps if step != prepends] != [bars]:
        raise ValueError(f"normalizers that are not known here: {steps}")
    vocabulary = model["vocab"]
    singles = [text for text in vocabulary if len(text) == 1]
    sections = {
        Section.PAIRS: _merges(model),
        Section.SINGLES: strings([text.encode() for text in singles]),
        Section.SINGLE_NUMBERS: numbers([vocabulary[text] for text in singles]),
        Section.BYTE_NUMBERS: numbers([vocabulary[f"<0x{byte:02X}>"] for byte in range(256)]),
    }
    texts = [text.encode() for text in vocabulary]
    sections[Section.ASCII_PAIRS] = ascii_pairs(texts)
    return Tables(Method.CHARACTERS_BY_PAIR, sections, puts_space_first=prepends in steps, candidates=texts)


def _bytes_by_pair(model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Tables:
    forms = [step["type"] for step in steps]
    if forms not in ([], ["NFC"], ["NFKC"]):
        raise ValueError(f"normalizers that are not known here: {steps}")
    vocabulary = model["vocab"]
    bytes_of = {letter: byte for byte, letter in byte_alphabet().items()}
    byte_numbers = [vocabulary.get(letter, NO_TOKEN) for _, letter in sorted(byte_alphabet().items())]
    if NO_TOKEN in byte_numbers and model.get("unk_token"):
        raise ValueError("bytes that stand for an unknown token")
    sections = {Section.PAIRS: _merges(model), Section.BYTE_NUMBERS: numbers(byte_numbers)}
    texts = [bytes(map(bytes_of.__getitem__, text)) for text in vocabulary if bytes_of.keys() >= set(text)]
    return Tables(Method.BYTES_BY_PAIR, sections, plain=flag_of(forms[0] if forms else None), candidates=texts)


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
        Section.TOKENS: strings(prefixes.texts),
        Section.SCORES: struct.pack(f"<{len(prefixes.texts)}d", *scores, *rest),
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


def _changed(form: Mapping[str, str]) -> dict[Section, bytes]:
    """A form's table: the characters, and what becomes of them."""
    texts = [text.encode() for text in form.values()]
    places = numbers([0, *accumulate(map(len, texts))])
    return {
        Section.CHANGED: strings([character.encode() for character in form]),
        Section.CHANGED_INTO: places + b"".join(texts),
    }


def _word_pieces(model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Tables:
    if [step["type"] for step in steps] != ["BertNormalizer"] or model["max_input_chars_per_word"] != 100:
        raise ValueError("word pieces are known behind BERT's normalizer only")
    continuing = [text.removeprefix(CONTINUES) for text in model["vocab"] if text.startswith(CONTINUES)]
    beginning = [text for text in model["vocab"] if not text.startswith(CONTINUES)]
    sections = {
        Section.TOKENS: strings([text.encode() for text in beginning]),
        Section.CONTINUATIONS: strings([text.encode() for text in continuing]),
        **_changed(dict(read_characters().forms["BERT"]) | _hangul_in_parts()),
    }
    return Tables(Method.WORD_PIECES, sections, plain=flag_of("BERT"))
