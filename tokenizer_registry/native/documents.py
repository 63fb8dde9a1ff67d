"""tokenizer.json files, in the terms of the C library."""

import json
import struct
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tokenizer_registry.formats import byte_alphabet
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.layout import (
    META_SPACE,
    SIZE,
    Method,
    PackedSection,
    Tables,
    added_sections,
    changed_sections,
    flag_of,
)
from tokenizer_registry.native.merges import ranked_strings, words_never_merged
from tokenizer_registry.native.pairs import TEXT_BYTES
from tokenizer_registry.native.pre_tokenizers import document_splits
from tokenizer_registry.native.tables import ascii_pairs, boundary_strings, strings, with_prefixes
from tokenizer_registry.native.word_ends import word_end_tables

UNKNOWN_PENALTY: Final = 10.0
CONTINUES: Final = "##"


def document_tables(document: Mapping[str, Any]) -> Tables:
    """The tables for a tokenizer.json. Raises ValueError where the C library does not know its ways."""
    model, steps = document["model"], _normalizers(document["normalizer"])
    match model["type"]:
        case "BPE" if model.get("byte_fallback"):
            tables = _characters(model, steps)
            if document["pre_tokenizer"] is not None:
                raise ValueError("merges of characters are known for whole texts only")
        case "BPE" if model.get("end_of_word_suffix"):
            tables = word_end_tables(model, steps, document["pre_tokenizer"])
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
    if model.get("dropout"):
        raise ValueError("options of merges that are not known here")
    halves = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    made = ranked_strings([(left, right) for left, right in halves])
    return made + words_never_merged(model["vocab"], made) if model.get("ignore_merges") else made


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
    return Tables(
        Method.CHARACTER_BPE,
        sections,
        puts_space_first=prepends in steps,
        candidates=texts,
        ranked=texts,
        ranks=range(len(texts)),
    )


def _bytes(model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Tables:
    forms = [step["type"] for step in steps]
    if forms not in ([], ["NFC"], ["NFKC"]):
        raise ValueError(f"normalizers that are not known here: {steps}")
    letters = [letter for _, letter in sorted(byte_alphabet().items())]
    left_out = bytes(letter not in model["vocab"] and byte in TEXT_BYTES for byte, letter in enumerate(letters))
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
        **changed_sections(read_characters().forms["nmt_nfkc"]),
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


def _described(**form: object) -> bytes:
    """A form for `own_form`, behind its size."""
    description = json.dumps(form).encode()
    return SIZE.pack(len(description)) + description


def _word_pieces(
    model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], pre_tokenizer: Mapping[str, Any]
) -> Tables:
    if [step["type"] for step in steps] != ["BertNormalizer"] or model["max_input_chars_per_word"] != 100:
        raise ValueError("word pieces are known behind BERT's normalizer only")
    form = _bert_form(steps[0])
    hangul = _hangul_in_parts() if form == "BERT" else {}
    continuing = [text.removeprefix(CONTINUES) for text in model["vocab"] if text.startswith(CONTINUES)]
    beginning = [text for text in model["vocab"] if not text.startswith(CONTINUES)]
    sections = {
        PackedSection.TOKENS: strings([text.encode() for text in beginning]),
        PackedSection.CONTINUATIONS: strings([text.encode() for text in continuing]),
        PackedSection.OWN_NORMALIZER: _described(normalizer=steps[0], pre_tokenizer=pre_tokenizer),
        **changed_sections(dict(read_characters().forms[form]) | hangul),
    }
    return Tables(Method.WORD_PIECES, sections, plain=flag_of(form))


def _bert_form(step: Mapping[str, Any]) -> str:
    """The form in characters.json. Accents are taken off where nothing else is said and letters become small."""
    match step:
        case {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None | True, "lowercase": True}:
            return "BERT"
        case {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None | False, "lowercase": False}:
            return "BERT cased"
    raise ValueError(f"a form of BERT that is not known here: {step}")
