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
    """Read a piece. The usual form, a short text, a score and perhaps a kind, needs no walk over its fields."""
    end = 2 + message[1] if len(message) > 1 else 0
    if message[:1] == TEXT_KEY and 2 < end < 0x82 and message[end : end + 1] == SCORE_KEY:
        rest = message[end + 1 :]
        if len(rest) == SCORE.size:
            return Piece(message[2:end].decode(), SCORE.unpack(rest)[0], PieceKind.NORMAL)
        if len(rest) == SCORE.size + 2 and rest[4:5] == KIND_KEY and rest[5] < 0x80:
            return Piece(message[2:end].decode(), SCORE.unpack_from(rest)[0], KINDS[rest[5]])
    return _piece_of_fields(message)


def _piece_of_fields(message: bytes) -> Piece:
    values = dict(_values(message))
    text, score, kind = values.get(1, b""), values.get(2, b"\0\0\0\0"), values.get(3, 1)
    if not isinstance(text, bytes) or not isinstance(score, bytes) or not isinstance(kind, int):
        raise TypeError("a piece has a text, a score and a kind")
    return Piece(text.decode("utf-8"), SCORE.unpack(score)[0], PieceKind(kind))


def _values(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    for one in fields(message):
        yield one.number, one.value
