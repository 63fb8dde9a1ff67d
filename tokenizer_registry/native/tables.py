"""Tables as the C library maps them: strings, pairs of tokens, and split patterns."""

import ctypes
import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.library import library

# Of a hundred places in a table so many are filled.
FILLED: Final = 60
FREE: Final = 0xFFFFFFFF
UNIT_BYTES: Final = 8
# What the C library wants beside a unit for each byte.
MIN_UNITS: Final = 1024
NEVER_ADJACENT: Final = FREE - 1
ASCII: Final = 128
NEVER_IN_UTF8: Final = b"\xff"
ENDS_OF: Final = {b" "[0]: "may end a word", b"\n"[0]: "may end a line"}


def numbers(values: Iterable[int]) -> bytes:
    """Return a table of unsigned 32-bit numbers."""
    return array("I", values).tobytes()


def strings(texts: Sequence[bytes]) -> bytes:
    """A table that finds the place of a string in the list."""
    capacity = _capacity(len(texts))
    slots = ctypes.create_string_buffer(struct.pack("<Q2I", 0, FREE, 0) * capacity, capacity * 16)
    offsets = numbers([0, *accumulate(map(len, texts))])
    text = b"".join(texts)
    library().weighbridge_fill_strings(slots, capacity, offsets, text, len(texts))
    return struct.pack("<4I", capacity, len(texts), max(map(len, texts), default=0), 0) + slots.raw + offsets + text


class Trie(NamedTuple):
    """The units of a trie as the C library has them, and the bytes of its longest string."""

    units: bytes
    longest: int


def trie(scores: Mapping[bytes, float]) -> Trie:
    """Return a trie of strings with their scores. Raise ValueError if it has no place for them."""
    texts = sorted(scores)
    offsets = numbers([0, *accumulate(map(len, texts))])
    text = b"".join(texts)
    capacity = len(text) + MIN_UNITS
    units = ctypes.create_string_buffer(capacity * UNIT_BYTES)
    ordered = array("f", map(scores.__getitem__, texts)).tobytes()
    used = library().weighbridge_fill_trie(units, capacity, offsets, text, ordered, len(texts))
    if used > capacity:
        raise ValueError(f"{len(texts)} strings that do not fit into a trie")
    return Trie(units.raw[: used * UNIT_BYTES], max(map(len, texts), default=0))


def ascii_pairs(tokens: Sequence[bytes], ranks: Sequence[int] = ()) -> bytes:
    """For each two characters of ASCII the rank of the token that they are, or whether any token has them together."""
    table = [NEVER_ADJACENT] * (ASCII * ASCII)
    for left, right in _pairs(tokens):
        if left < ASCII and right < ASCII:
            table[left * ASCII + right] = FREE
    for number, token in enumerate(tokens):
        if len(token) == 2 and token.isascii():
            table[token[0] * ASCII + token[1]] = ranks[number] if ranks else number
    return numbers(table)


def _pairs(tokens: Sequence[bytes]) -> set[bytes]:
    """Return all pairs of neighbouring bytes, and some with a byte that UTF-8 has not."""
    text = NEVER_IN_UTF8.join(tokens)
    halves = (text[start : len(text) - (len(text) - start) % 2] for start in (0, 1))
    numbers = set().union(*(memoryview(half).cast("H") for half in halves))
    return {number.to_bytes(2, sys.byteorder) for number in numbers}


def whole_tokens(packed: bytes, texts: Sequence[bytes]) -> bytes:
    """A bit for each text that a packed vocabulary makes one token of. Raises ValueError if it is not one."""
    bits = ctypes.create_string_buffer(len(texts) // 8 + 1)
    offsets = numbers([0, *accumulate(map(len, texts))])
    if not library().weighbridge_whole(packed, len(packed), offsets, b"".join(texts), len(texts), bits):
        raise ValueError("not a packed vocabulary")
    return bits.raw


class Prefixes(NamedTuple):
    """Strings with all their beginnings, whole characters each; `are_whole` tells which are strings themselves."""

    texts: list[bytes]
    are_whole: list[bool]


def with_prefixes(texts: Sequence[str]) -> Prefixes:
    """The strings in their order, then those of their beginnings that are not among them."""
    known = dict.fromkeys(texts)
    beginnings = dict.fromkeys(chain.from_iterable(accumulate(text[:-1]) for text in texts))
    rest = [text for text in beginnings if text not in known]
    return Prefixes([text.encode() for text in (*texts, *rest)], [True] * len(texts) + [False] * len(rest))


def _capacity(count: int) -> int:
    return count * 100 // FILLED + 2


def boundary_strings(tokens: Iterable[bytes]) -> list[bytes]:
    """The end of a word, or as much of it as its token has, and the space or line feed that the token has behind it.

    Patterns that cut all of a text do so there whatever tokens there are. This is for vocabularies without a pattern,
    or with one that leaves gaps.
    """
    ends = {byte: _with(name) for byte, name in ENDS_OF.items()}
    return sorted({found for token in tokens if _has_boundary(token) for found in _boundary_strings(token, ends)})


def _has_boundary(token: bytes) -> bool:
    """Return whether a space or a line feed is behind the first byte."""
    return token.rfind(b" ") > 0 or token.rfind(b"\n") > 0


def _boundary_strings(token: bytes, ends: dict[int, frozenset[int]]) -> Iterator[bytes]:
    for place in range(1, len(token)):
        if token[place] not in ends:
            continue
        start = place - 1
        while start and token[start] & 0xC0 == 0x80:
            start -= 1
        end = token[start:place]
        # Of a part of a character it is not known whether it ends a word: some do.
        if end[0] & 0xC0 == 0x80 or read_characters().class_of(ord(end.decode())) in ends[token[place]]:
            yield token[start : place + 1]


def _with(flag: str) -> frozenset[int]:
    """The classes whose characters have the flag."""
    return read_characters().sets[flag]
