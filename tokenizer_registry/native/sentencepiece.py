"""What a SentencePiece model holds, read without its library."""

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from tokenizer_registry.formats import fields
from tokenizer_registry.native.layout import META_SPACE, Method, PackedSection, Tables, added_sections
from tokenizer_registry.native.tables import ascii_pairs, boundary_strings, numbers, strings

PIECE: Final = 1
TRAINER: Final = 2
NORMALIZER: Final = 3
MERGING: Final = 2
# The fields of a piece: the key that stands before each.
TEXT_KEY: Final = b"\x0a"
SCORE_KEY: Final = b"\x15"
KIND_KEY: Final = b"\x18"
SCORE: Final = struct.Struct("<f")


class PieceKind(IntEnum):
    """The numbers are those of the model's file."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6

    @classmethod
    def matched(cls) -> frozenset["PieceKind"]:
        """The kinds that are found in texts."""
        return frozenset({cls.NORMAL, cls.USER_DEFINED, cls.UNUSED})


KINDS: Final = {int(kind): kind for kind in PieceKind}


class ModelPiece(NamedTuple):
    """A piece, in the order of numbers."""

    text: str
    score: float
    kind: PieceKind


class SentencePieceModel(NamedTuple):
    """`charsmap`: the rules of its normalizer, in the form of the file.

    `keeps_spaces`: it neither leaves spaces out nor keeps them from becoming bars.
    """

    pieces: list[ModelPiece]
    is_merging: bool
    has_byte_fallback: bool
    puts_space_first: bool
    keeps_spaces: bool
    charsmap: bytes

    @property
    def changes_text(self) -> bool:
        """Return whether the normalizer does more than putting bars for spaces."""
        return bool(self.charsmap) or not self.keeps_spaces


def read_model(content: bytes) -> SentencePieceModel:
    """The model of a file."""
    messages: dict[int, list[bytes]] = {PIECE: [], TRAINER: [], NORMALIZER: []}
    for one in fields(content):
        if one.number in messages and isinstance(one.value, bytes):
            messages[one.number].append(one.value)
    trainer = {one.number: one.value for one in fields(b"".join(messages[TRAINER]))}
    normalizer = {one.number: one.value for one in fields(b"".join(messages[NORMALIZER]))}
    return SentencePieceModel(
        list(map(_piece, messages[PIECE])),
        is_merging=trainer.get(3, 1) == MERGING,
        has_byte_fallback=trainer.get(35, 0) == 1,
        puts_space_first=normalizer.get(3, 1) == 1,
        keeps_spaces=normalizer.get(4, 1) == 0 and normalizer.get(5, 1) == 1,
        charsmap=charsmap if isinstance(charsmap := normalizer.get(2, b""), bytes) else b"",
    )


def merge_tables(model: SentencePieceModel) -> Tables:
    """A SentencePiece model that merges pieces. Its user-defined pieces are tokens wherever they stand."""
    if not model.is_merging or not model.has_byte_fallback or model.changes_text:
        raise ValueError("only models that merge, fall back to bytes and do not normalize are known")
    merged = sorted((piece for piece in model.pieces if piece.kind in PieceKind.matched()), key=lambda one: -one.score)
    known = {piece.text for piece in merged}
    singles = [piece for piece in model.pieces if len(piece.text) == 1 and piece.text not in known]
    texts = [piece.text.encode() for piece in (*merged, *singles)]
    tables = Tables(
        Method.CHARACTER_BPE,
        {PackedSection.TOKENS: strings(texts)},
        puts_space_first=model.puts_space_first,
        candidates=texts,
    )
    ranks = _ranks_of([piece.score for piece in merged])
    tables.sections |= {PackedSection.RANKS: numbers(ranks)} if ranks else {}
    tables.sections[PackedSection.ASCII_PAIRS] = ascii_pairs(texts, ranks)
    tables.sections[PackedSection.BOUNDARIES] = strings(
        boundary_strings(text.replace(META_SPACE, b" ") for text in texts)
    )
    own = [number for number, piece in enumerate(merged) if piece.kind is PieceKind.USER_DEFINED]
    tables.sections |= added_sections([merged[number].text for number in own])
    # A single character without a score of its own is made by no merge.
    tables.ranked, tables.ranks, tables.never_merged = texts, [*ranks, *range(len(ranks), len(texts))], frozenset(own)
    return tables


def _ranks_of(scores: Sequence[float]) -> list[int]:
    """The ranks of scores in falling order; none if they are their places. Equal scores have one rank."""
    starts = {score: place for place, score in reversed(list(enumerate(scores)))}
    return [] if len(starts) == len(scores) else [starts[score] for score in scores]


def _piece(message: bytes) -> ModelPiece:
    """Read a piece. The usual form, a short text, a score and perhaps a kind, needs no walk over its fields."""
    end = 2 + message[1] if len(message) > 1 else 0
    if message[:1] == TEXT_KEY and 2 < end < 0x82 and message[end : end + 1] == SCORE_KEY:
        rest = message[end + 1 :]
        if len(rest) == SCORE.size:
            return ModelPiece(message[2:end].decode(), SCORE.unpack(rest)[0], PieceKind.NORMAL)
        if len(rest) == SCORE.size + 2 and rest[4:5] == KIND_KEY and rest[5] < 0x80:
            return ModelPiece(message[2:end].decode(), SCORE.unpack_from(rest)[0], KINDS[rest[5]])
    return _piece_of_fields(message)


def _piece_of_fields(message: bytes) -> ModelPiece:
    values = dict(_values(message))
    text, score, kind = values.get(1, b""), values.get(2, b"\0\0\0\0"), values.get(3, 1)
    if not isinstance(text, bytes) or not isinstance(score, bytes) or not isinstance(kind, int):
        raise TypeError("a piece has a text, a score and a kind")
    return ModelPiece(text.decode("utf-8"), SCORE.unpack(score)[0], PieceKind(kind))


def _values(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    for one in fields(message):
        yield one.number, one.value
