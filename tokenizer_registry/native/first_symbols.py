"""Which characters merging may begin with in place of their bytes.

A character may be put in as one symbol where all merges that make it come before every merge of one of its parts with
what is outside, and before every merge of the character itself: then it is made whatever is around it, and nothing
changes if that is done first. Some of its parts merge with a certain character before or behind it earlier: such a
character may be put in where no character of the kind is its neighbour.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntFlag
from itertools import chain
from typing import Final, NamedTuple

from tokenizer_registry.native.pairs import NO_TOKEN, TokenPair
from tokenizer_registry.native.tables import numbers

BLOCK: Final = 64
# Characters of four bytes are merged from their bytes.
POINTS: Final = 0x10000
Pairs = Mapping[int, Sequence[TokenPair]]


class NeighbourFlag(IntFlag):
    """What is beside the token in a number of the table; the bits are the C library's (merges.h)."""

    NOT_BEHIND = 1 << 20
    IS_BEFORE = 1 << 21
    NOT_BEFORE = 1 << 22
    IS_BEHIND = 1 << 23


class CharacterSymbol(NamedTuple):
    """A character's token, and the characters that must not be before it and behind it."""

    point: int
    token: int
    not_behind: frozenset[int]
    not_before: frozenset[int]


def first_symbols(pairs: Sequence[TokenPair], tokens: Sequence[bytes]) -> bytes:
    """Return the table of symbols by code point, in blocks, equal ones once."""
    found = [NO_TOKEN] * POINTS
    for symbol in _SymbolFinder(pairs, tokens).found():
        found[symbol.point] = found[symbol.point] & ~NO_TOKEN | symbol.token
        for points, own, others in (
            (symbol.not_behind, NeighbourFlag.NOT_BEHIND, NeighbourFlag.IS_BEFORE),
            (symbol.not_before, NeighbourFlag.NOT_BEFORE, NeighbourFlag.IS_BEHIND),
        ):
            found[symbol.point] |= own if points else 0
            for point in points:
                found[point] |= others
    return _table(found)


def character_symbols(tokens: Sequence[bytes], never_repeated: Iterable[str] = ()) -> bytes:
    """Return the same table for a vocabulary that merges characters: those that are tokens.

    Texts where one of `never_repeated` is behind itself have to be merged by strings, unless it has runs (runs.py).
    """
    found = [NO_TOKEN] * POINTS
    for number, token in reversed(list(enumerate(tokens))):
        point = _point_of(token)
        if point is not None:
            found[point] = number
    for character in never_repeated:
        found[ord(character)] |= NeighbourFlag.NOT_BEHIND | NeighbourFlag.IS_BEFORE
    return _table(found)


def _table(found: Sequence[int]) -> bytes:
    blocks: dict[tuple[int, ...], int] = {}
    places = [blocks.setdefault(tuple(found[at : at + BLOCK]), len(blocks)) for at in range(0, POINTS, BLOCK)]
    return array("H", places).tobytes() + numbers(chain(*blocks))


class _SymbolFinder:
    def __init__(self, pairs: Sequence[TokenPair], tokens: Sequence[bytes]) -> None:
        self.tokens = tokens
        self.made = {pair.made: pair for pair in pairs}
        self.by_left: dict[int, list[TokenPair]] = defaultdict(list)
        self.by_right: dict[int, list[TokenPair]] = defaultdict(list)
        for pair in sorted(pairs, key=lambda pair: pair.made):
            self.by_right[pair.right].append(pair)
            if not _is_rest(tokens[pair.right][0]):
                self.by_left[pair.left].append(pair)

    def found(self) -> Iterator[CharacterSymbol]:
        """Yield the characters that may be symbols somewhere."""
        for number, token in enumerate(self.tokens):
            point = _point_of(token)
            if point is None or not (len(token) == 1 or number in self.made):
                continue
            before = self._before(number) if len(token) > 1 else frozenset()
            behind = self._behind(number) if len(token) > 1 else frozenset()
            if before is not None and behind is not None:
                yield CharacterSymbol(point, number, before, behind)

    def _before(self, number: int) -> frozenset[int] | None:
        """Return the characters before this one that its parts may merge with too early; None if they are not known."""
        lasts = [_last_point(self.tokens[pair.left]) for pair in self._early(number, self.by_right, "left")]
        return None if None in lasts else frozenset(point for point in lasts if point is not None)

    def _behind(self, number: int) -> frozenset[int] | None:
        firsts = [_first_points(self.tokens[pair.right]) for pair in self._early(number, self.by_left, "right")]
        return None if range(0) in firsts else frozenset(chain(*firsts))

    def _early(self, number: int, pairs: Pairs, part: str) -> Iterator[TokenPair]:
        """Yield the merges of a part of a character with what is outside of it that come before its own last one."""
        last, symbol = max(self._merges_of(number)), number
        while True:
            for pair in pairs.get(symbol, ()):
                if pair.made > last:
                    break
                yield pair
            if symbol not in self.made:
                return
            symbol = getattr(self.made[symbol], part)

    def _merges_of(self, number: int) -> Iterator[int]:
        if number in self.made:
            yield number
            yield from self._merges_of(self.made[number].left)
            yield from self._merges_of(self.made[number].right)


def _is_rest(byte: int) -> bool:
    """Return whether a byte is one behind the first of a character."""
    return byte & 0xC0 == 0x80


def _size(first: int) -> int:
    return 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _point_of(token: bytes) -> int | None:
    """Return the code point if the token is a character of up to three bytes."""
    text = token.decode("utf-8", "ignore") if len(token) < 4 else ""
    return ord(text) if len(text) == 1 and text.encode() == token else None


def _last_point(token: bytes) -> int | None:
    """Return the code point of the last character if the token ends with a whole one of up to three bytes."""
    start = len(token) - 1
    while start and _is_rest(token[start]):
        start -= 1
    return _point_of(token[start:])


def _first_points(token: bytes) -> range:
    """Return the code points of the characters that begin as the token does; none if it has the first byte only."""
    size = _size(token[0])
    if size > 3 or (size == 3 and len(token) == 1) or (size == 2 and len(token) == 1):
        return range(0)
    first = token[:size] + b"\x80" * (size - len(token))
    point = _point_of(first)
    return range(0) if point is None else range(point, point + (64 if len(token) < size else 1))
