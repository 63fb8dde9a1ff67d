"""Messages of protocol buffers, read at the level of fields, without a library for them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

VARINT: Final = 0
DOUBLE: Final = 1
BYTES: Final = 2
FLOAT: Final = 5
# Bytes of the values whose size is not in the message.
SIZES: Final = {DOUBLE: 8, FLOAT: 4}


class Field(NamedTuple):
    """One field of a message; `raw` is the field with its key as it stands in the message."""

    number: int
    value: int | bytes
    raw: bytes


def fields(message: bytes) -> Iterator[Field]:
    """The fields of a message, in order."""
    at = 0
    while at < len(message):
        start = at
        key, at = _read_varint(message, at)
        wire = key & 7
        value: int | bytes
        if wire == VARINT:
            value, at = _read_varint(message, at)
        else:
            size = SIZES.get(wire)
            if size is None:
                size, at = _read_varint(message, at)
            value, at = message[at : at + size], at + size
        yield Field(key >> 3, value, message[start:at])


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = message[at]
    if value < 0x80:
        return value, at + 1
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
