"""What a vocabulary's content says, in the terms of the C library: a method and the tables that it needs."""

import json
import struct
import unicodedata
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import accumulate
from typing import Any, Final

from tokenizer_registry.native.characters import FLAGS, PLAIN_IN, read_characters
from tokenizer_registry.native.models import PieceKind, read_model
from tokenizer_registry.native.splits import Split, document_splits, rank_splits
from tokenizer_registry.native.tables import ascii_pairs, pairs, strings, with_prefixes
from tokenizer_registry.ranks import parse_ranks
from tokenizer_registry.spec import Format, VocabularySpec
from tokenizer_registry.verification.byte_alphabet import byte_alphabet

# The number of a byte that has no token.
NO_TOKEN: Final = 0xFFFFFFFE
UNKNOWN_PENALTY: Final = 10.0
CONTINUES: Final = "##"
BAR: Final = "▁"


class Method(IntEnum):
    """How a segment of text becomes tokens; the numbers are the C library's."""

    BYTES_BY_RANK = 0
    BYTES_BY_PAIR = 1
    CHARACTERS_BY_PAIR = 2
    PIECES_BY_RANK = 3
    UNIGRAM = 4
    WORD_PIECES = 5


class Section(IntEnum):
    """The tables of a packed file; splits come behind them."""

    TOKENS = 0
    SINGLES = 1
    SINGLE_NUMBERS = 2
    BYTE_NUMBERS = 3
    PAIRS = 4
    ADDED = 5
    ADDED_ENDS = 6
    SCORES = 7
    CONTINUATIONS = 8
    RANKS = 9
    CHANGED = 10
    CHANGED_INTO = 11
    WHOLE = 12
    ASCII_PAIRS = 13


@dataclass(slots=True)
class Tables:
    """A vocabulary for the C library. `plain`: the flag that all its characters but ASCII must have.

    `candidates` are the texts of its tokens, in the order of their numbers where TOKENS has them all: which of them
    are what becomes of their own text is found out when it is packed.
    """

    method: Method
    sections: dict[Section, bytes] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    plain: int = 0
    puts_space_first: bool = False
    strips_end: bool = False
    candidates: Sequence[bytes] = ()
    unknown: int = 0
    unknown_score: float = 0.0


def tables_of(spec: VocabularySpec, content: bytes) -> Tables:
    """The tables for unpacked content. Raises ValueError where the C library does not know the vocabulary's ways."""
    match spec.format:
        case Format.TIKTOKEN:
            return _ranks(content, spec.pattern or "", spec.normalizer)
        case Format.SENTENCEPIECE:
            return _model(content)
        case Format.HUGGINGFACE:
            return _document(json.loads(content))


def _flag(form: str | None) -> int:
    return 1 << FLAGS.index(f"{PLAIN_IN}{form}") if form else 0


def _ranks(content: bytes, pattern: str, form: str | None) -> Tables:
    ranks = parse_ranks(content)
    tokens = [token for token in sorted(ranks, key=ranks.__getitem__) if token]
    sections = {Section.TOKENS: strings(tokens), Section.ASCII_PAIRS: ascii_pairs(tokens)}
    return Tables(Method.BYTES_BY_RANK, sections, splits=rank_splits(pattern), plain=_flag(form))


def _model(content: bytes) -> Tables:
    """A SentencePiece model that merges pieces. Its user-defined pieces are tokens wherever they stand."""
    model = read_model(content)
    if not model.is_merging or not model.has_byte_fallback or model.changes_text:
        raise ValueError("only models that merge, fall back to bytes and do not normalize are known")
    merged = sorted((piece for piece in model.pieces if piece.kind in PieceKind.matched()), key=lambda one: -one.score)
    known = {piece.text for piece in merged}
    singles = [piece for piece in model.pieces if len(piece.text) == 1 and piece.text not in known]
    texts = [piece.text.encode() for piece in (*merged, *singles)]
    tables = Tables(
        Method.PIECES_BY_RANK,
        {Section.TOKENS: strings(texts)},
        puts_space_first=model.puts_space_first,
        candidates=texts,
    )
    ranks = _ranks_of([piece.score for piece in merged])
    tables.sections |= {Section.RANKS: _numbers(ranks)} if ranks else {}
    tables.sections[Section.ASCII_PAIRS] = ascii_pairs(texts, ranks)
    tables.sections |= _added([piece.text for piece in merged if piece.kind is PieceKind.USER_DEFINED])
    return tables


def _ranks_of(scores: Sequence[float]) -> list[int]:
    """The ranks of scores in falling order; none if they are their places. Equal scores have one rank."""
    starts = {score: place for place, score in reversed(list(enumerate(scores)))}
    return [] if len(starts) == len(scores) else [starts[score] for score in scores]


def _added(texts: Sequence[str]) -> dict[Section, bytes]:
    if not texts:
        return {}
    prefixes = with_prefixes(texts)
    return {Section.ADDED: strings(prefixes.texts), Section.ADDED_ENDS: bytes(prefixes.are_whole)}


def _document(document: Mapping[str, Any]) -> Tables:
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
    tables.sections |= _added(list(_added_texts(document["added_tokens"])))
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


def _numbers(numbers: Sequence[int]) -> bytes:
    return array("I", numbers).tobytes()


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
        Section.SINGLE_NUMBERS: _numbers([vocabulary[text] for text in singles]),
        Section.BYTE_NUMBERS: _numbers([vocabulary[f"<0x{byte:02X}>"] for byte in range(256)]),
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
    numbers = [vocabulary.get(letter, NO_TOKEN) for _, letter in sorted(byte_alphabet().items())]
    if NO_TOKEN in numbers and model.get("unk_token"):
        raise ValueError("bytes that stand for an unknown token")
    sections = {Section.PAIRS: _merges(model), Section.BYTE_NUMBERS: _numbers(numbers)}
    texts = [bytes(map(bytes_of.__getitem__, text)) for text in vocabulary if bytes_of.keys() >= set(text)]
    return Tables(Method.BYTES_BY_PAIR, sections, plain=_flag(forms[0] if forms else None), candidates=texts)


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
        plain=_flag("nmt_nfkc"),
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
    places = _numbers([0, *accumulate(map(len, texts))])
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
    return Tables(Method.WORD_PIECES, sections, plain=_flag("BERT"))
