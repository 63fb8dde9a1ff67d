"""File formats of vocabularies, read without a library: rank files, the byte-level alphabet, protocol buffers."""

import ast
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple


def parse_ranks(content: bytes) -> dict[bytes, int]:
    """Token bytes to rank."""
    return {a2b_base64(token): int(rank) for token, rank in map(bytes.split, content.splitlines())}


def format_ranks(ranks: Mapping[bytes, int]) -> bytes:
    """The file for these ranks, in their order."""
    return b"".join(b"%s %d\n" % (b2a_base64(token, newline=False), rank) for token, rank in ranks.items())


def parse_literals(content: bytes) -> dict[bytes, int]:
    """Token bytes to number, of lines with a number, a Python literal of text or bytes, and the number of bytes."""
    found = {}
    for line in content.decode("utf-8").split("\n"):
        if not line:
            continue
        number, _, rest = line.partition(" ")
        literal, _, size = rest.rpartition(" ")
        value = ast.literal_eval(literal)
        token = value.encode("utf-8") if isinstance(value, str) else value
        if len(token) != int(size):
            raise ValueError(f"{line!r}: the token has {len(token)} bytes")
        found[token] = int(number)
    return found


def byte_alphabet() -> Mapping[int, str]:
    """Byte to character, as GPT-2 chose them: printable Latin-1 as it is, the rest from U+0100 on."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + at) for at, byte in enumerate(others)}


VARINT: Final = 0
DOUBLE: Final = 1
BYTES: Final = 2
FLOAT: Final = 5
# Bytes of the values whose size is not in the message.
SIZES: Final = {DOUBLE: 8, FLOAT: 4}


class ProtobufField(NamedTuple):
    """One field of a message; `raw` is the field with its key as it stands in the message."""

    number: int
    value: int | bytes
    raw: bytes


def fields(message: bytes) -> Iterator[ProtobufField]:
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
        yield ProtobufField(key >> 3, value, message[start:at])


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
