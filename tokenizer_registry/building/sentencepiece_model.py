"""SentencePiece models written and changed at the level of protocol buffers, without a library for them.

A model is a message of fields: 1 a piece (1 text, 2 score, 3 type), 2 how it was trained, 3 its normalizer.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from tokenizer_registry.formats import BYTES, FLOAT, ProtobufField, fields

PIECE: Final = 1
TRAINER: Final = 2
NORMALIZER: Final = 3
PIECE_TYPE: Final = 3

NORMAL: Final = 1
CONTROL: Final = 3
USER_DEFINED: Final = 4


class WrittenPiece(NamedTuple):
    """A piece of a model: its text, its log probability or negative rank, and its type."""

    text: str
    score: float
    kind: int


def with_plain_pieces(model: bytes) -> bytes:
    """The model with every user-defined piece made a normal one, and nothing else changed."""
    return b"".join(_plain(field) if field.number == PIECE else field.raw for field in fields(model))


def _plain(piece: ProtobufField) -> bytes:
    if not isinstance(piece.value, bytes):
        raise TypeError("a piece is a message")
    inner = list(fields(piece.value))
    if (PIECE_TYPE, USER_DEFINED) not in ((field.number, field.value) for field in inner):
        return piece.raw
    kept = b"".join(field.raw for field in inner if field.number != PIECE_TYPE)
    return _bytes(PIECE, kept)


def bpe_model(pieces: Sequence[WrittenPiece]) -> bytes:
    """A byte-pair model with byte fallback and a leading space, of pieces in the order of their numbers."""
    trainer = b"".join(_varint_field(number, value) for number, value in ((3, 2), (4, len(pieces)), (35, 1)))
    trainer += b"".join(_varint_field(40 + place, number) for place, number in enumerate((0, 1, 2, -1)))
    normalizer = _bytes(1, b"identity") + b"".join(
        _varint_field(number, value) for number, value in ((3, 1), (4, 0), (5, 1))
    )
    return b"".join(_piece(piece) for piece in pieces) + _bytes(TRAINER, trainer) + _bytes(NORMALIZER, normalizer)


def _piece(piece: WrittenPiece) -> bytes:
    score = _varint((2 << 3) | FLOAT) + struct.pack("<f", piece.score)
    return _bytes(PIECE, _bytes(1, piece.text.encode("utf-8")) + score + _varint_field(PIECE_TYPE, piece.kind))


def _bytes(number: int, value: bytes) -> bytes:
    return _varint((number << 3) | BYTES) + _varint(len(value)) + value


def _varint_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
