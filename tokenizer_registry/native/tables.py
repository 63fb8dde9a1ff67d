"""Tables as the C library maps them: strings, pairs of tokens, and split patterns."""

import ctypes
import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

from tokenizer_registry.native.characters import MAX_CLASSES, Characters
from tokenizer_registry.native.library import library
from tokenizer_registry.native.patterns import Alternative, Kind, Part
from tokenizer_registry.native.splits import Split, set_name
from tokenizer_registry.verification.byte_alphabet import byte_alphabet

# Of a hundred places in a table so many are filled.
FILLED: Final = 60
MAX_SETS: Final = 32
FREE: Final = 0xFFFFFFFF
NEVER_JOINED: Final = FREE - 1
ASCII: Final = 128
NEVER_IN_UTF8: Final = b"\xff"


def strings(texts: Sequence[bytes]) -> bytes:
    """A table that finds the place of a string in the list."""
    capacity = _capacity(len(texts))
    slots = ctypes.create_string_buffer(struct.pack("<Q2I", 0, FREE, 0) * capacity, capacity * 16)
    offsets = _words([0, *accumulate(map(len, texts))])
    text = b"".join(texts)
    library().weighbridge_fill_strings(slots, capacity, offsets, text, len(texts))
    return struct.pack("<4I", capacity, len(texts), max(map(len, texts), default=0), 0) + slots.raw + offsets + text


def ascii_pairs(tokens: Sequence[bytes], ranks: Sequence[int] = ()) -> bytes:
    """For each two characters of ASCII the rank of the token that they are, or whether any token has them together."""
    table = [NEVER_JOINED] * (ASCII * ASCII)
    for left, right in _pairs(tokens):
        if left < ASCII and right < ASCII:
            table[left * ASCII + right] = FREE
    for number, token in enumerate(tokens):
        if len(token) == 2 and token.isascii():
            table[token[0] * ASCII + token[1]] = ranks[number] if ranks else number
    return _words(table)


def _pairs(tokens: Sequence[bytes]) -> set[bytes]:
    """Return all pairs of neighbouring bytes, and some with a byte that UTF-8 has not."""
    text = NEVER_IN_UTF8.join(tokens)
    halves = (text[start : len(text) - (len(text) - start) % 2] for start in (0, 1))
    numbers = set().union(*(memoryview(half).cast("H") for half in halves))
    return {number.to_bytes(2, sys.byteorder) for number in numbers}


def whole_tokens(packed: bytes, texts: Sequence[bytes]) -> bytes:
    """A bit for each text that a packed vocabulary makes one token of. Raises ValueError if it is not one."""
    bits = ctypes.create_string_buffer(len(texts) // 8 + 1)
    offsets = _words([0, *accumulate(map(len, texts))])
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


def split_program(split: Split, characters: Characters) -> bytes:
    """A split pattern as a program. Raises KeyError for a set of characters that is not in the table."""
    names = list(dict.fromkeys(split.sets()))
    if len(names) > MAX_SETS:
        raise ValueError(f"{len(names)} sets of characters in one pattern; a program has room for {MAX_SETS}")
    writer = _ProgramWriter({name: 1 << bit for bit, name in enumerate(names)}, split)
    masks = characters.masks(names)
    first = [writer.first_of(alternative) for alternative in split.alternatives]
    may_begin = [
        sum(1 << number for number, mask in enumerate(first) if mask & masks[one]) for one in range(MAX_CLASSES)
    ]
    writer.write(split.alternatives)
    head = (len(writer.spans), len(split.alternatives), int(split.drops_gaps), int(split.is_of_bytes))
    letters = [characters.class_of(ord(letter)) for _, letter in sorted(byte_alphabet().items())]
    ascii_masks = [masks[characters.class_of(point)] for point in range(128)]
    return _words([*head, *masks, *may_begin, *letters, *ascii_masks, *chain(*writer.spans, *writer.parts)])


class _ProgramWriter:
    """Numbers alternatives and parts; those of a MAYBE come behind the pattern's own."""

    def __init__(self, bits: dict[str, int], split: Split) -> None:
        self.bits = bits
        self.split = split
        self.spans: list[tuple[int, int]] = []
        self.parts: list[Sequence[int]] = []

    def write(self, alternatives: Sequence[Alternative]) -> tuple[int, int]:
        """The numbers of the first of the alternatives, and of the one behind the last."""
        begin = len(self.spans)
        self.spans += [(0, 0)] * len(alternatives)
        for number, alternative in enumerate(alternatives, begin):
            self.spans[number] = (len(self.parts), len(alternative))
            self.parts += [()] * len(alternative)
            for place, part in enumerate(alternative, self.spans[number][0]):
                self.parts[place] = self._words(part)
        return begin, begin + len(alternatives)

    def first_of(self, alternative: Alternative) -> int:
        """The sets of which a character must be one for the alternative to match with something there."""
        found = 0
        for part in alternative:
            if part.kind in (Kind.RUN, Kind.GUARDED_RUN):
                found |= self._bit(part.characters)
                if part.least:
                    break
        return found

    def _words(self, part: Part) -> Sequence[int]:
        least, most = self.write(part.options) if part.kind is Kind.MAYBE else (part.least, part.most)
        return part.kind, self._bit(part.characters), self._bit(part.other), int(part.keeps), least, most

    def _bit(self, characters: str) -> int:
        return self.bits[set_name(self.split.dialect, characters)] if characters else 0


def _capacity(count: int) -> int:
    return count * 100 // FILLED + 2


def _words(numbers: Iterable[int]) -> bytes:
    return array("I", numbers).tobytes()
