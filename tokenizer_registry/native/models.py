"""What a SentencePiece model holds, read without its library."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from tokenizer_registry.protocol_buffers import fields

PIECE: Final = 1
TRAINER: Final = 2
NORMALIZER: Final = 3
MERGING: Final = 2


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


class Piece(NamedTuple):
    """A piece, in the order of numbers."""

    text: str
    score: float
    kind: PieceKind


class Model(NamedTuple):
    """`changes_text`: its normalizer does more than putting bars for spaces."""

    pieces: list[Piece]
    is_merging: bool
    has_byte_fallback: bool
    puts_space_first: bool
    changes_text: bool


def read_model(content: bytes) -> Model:
    """The model of a file."""
    messages: dict[int, list[bytes]] = {PIECE: [], TRAINER: [], NORMALIZER: []}
    for one in fields(content):
        if one.number in messages and isinstance(one.value, bytes):
            messages[one.number].append(one.value)
    trainer = {one.number: one.value for one in fields(b"".join(messages[TRAINER]))}
    normalizer = {one.number: one.value for one in fields(b"".join(messages[NORMALIZER]))}
    return Model(
        list(map(_piece, messages[PIECE])),
        is_merging=trainer.get(3, 1) == MERGING,
        has_byte_fallback=trainer.get(35, 0) == 1,
        puts_space_first=normalizer.get(3, 1) == 1,
        changes_text=bool(normalizer.get(2, b"")) or normalizer.get(4, 1) == 1 or normalizer.get(5, 1) == 0,
    )


def _piece(message: bytes) -> Piece:
    values = dict(_values(message))
    text, score, kind = values.get(1, b""), values.get(2, b"\0\0\0\0"), values.get(3, 1)
    if not isinstance(text, bytes) or not isinstance(score, bytes) or not isinstance(kind, int):
        raise TypeError("a piece has a text, a score and a kind")
    return Piece(text.decode("utf-8"), struct.unpack("<f", score)[0], PieceKind(kind))


def _values(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    for one in fields(message):
        yield one.number, one.value
