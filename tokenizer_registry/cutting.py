"""Texts cut to a number of tokens, between tokens and between characters.

Every piece is counted by itself before it is returned: the tokens of a part are not always those that it has in the
whole, since vocabularies look at what stands beside a word. A text is looked at in blocks, so that the work for a
short piece of a long text does not grow with the text.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from tokenizer_registry.errors import TooFewTokens
from tokenizer_registry.vocabulary import Vocabulary, segments

Keep = Literal["start", "end", "middle"]
KEEP: Final[tuple[Keep, ...]] = ("start", "end", "middle")

# Characters whose tokens are found together; a block ends at a white space if it has one.
BLOCK_CHARACTERS: Final = 16_384
# Where a block may end: before white space that follows something else.
_BLOCK_END: Final = re.compile(r"(?<=\S)(?=\s)")
# Characters at the end of a block in which white space is searched for.
_END_CHARACTERS: Final = 1_024
# Tries to make a piece longer that has fewer tokens than it may have.
_MAX_EXTENSIONS: Final = 8
# Ends of units that are tried for a piece.
_MAX_UNITS: Final = 8


class Piece(NamedTuple):
    """A part of a text: its place in code points, and its tokens when it is counted by itself."""

    start: int
    end: int
    tokens: int


class Borders:
    """The places of a text between tokens and characters, with the number of tokens before each. Ascending."""

    def __init__(self) -> None:
        self.places = array("L", (0,))
        self.tokens = array("L", (0,))

    def add_block(self, vocabulary: Vocabulary, text: str, start: int) -> None:
        """Add the borders of a block that begins where the last one ends. Raise UncountableText."""
        place, tokens = start, self.tokens[-1]
        for part, ids in segments(text, vocabulary.tokens(text)):
            place += len(part)
            tokens += len(ids)
            self.places.append(place)
            self.tokens.append(tokens)
        if place < start + len(text):  # a text that the vocabulary drops has no tokens
            self.places.append(start + len(text))
            self.tokens.append(tokens)

    def before(self, place: int) -> int:
        """Return the number of the last border at or before a place."""
        return bisect_right(self.places, place) - 1

    def reached(self, tokens: int) -> int:
        """Return the number of the last border that has at most so many tokens before it."""
        return max(bisect_right(self.tokens, tokens) - 1, 0)


def truncate(vocabulary: Vocabulary, text: str, max_tokens: int, keep: Keep = "start") -> Piece:
    """Return the part of a text that is kept; counted by itself it has at most `max_tokens`. Raise UncountableText.

    `keep` is the start or the end of the text, or its middle, with as many tokens left out before as after it.
    """
    total = vocabulary.count(text)
    if total <= max_tokens:
        return Piece(0, len(text), total)
    if keep == "end":
        return _truncated_start(vocabulary, text, max_tokens)
    if keep == "middle":
        return _truncated_sides(vocabulary, text, max_tokens)
    borders = Borders()
    for start, end in _blocks(text):
        borders.add_block(vocabulary, text[start:end], start)
        if borders.tokens[-1] > max_tokens:
            break
    return _longest(
        vocabulary, text, lambda number: (0, borders.places[number]), borders.reached(max_tokens),
        len(borders.places) - 1, max_tokens,
    )  # fmt: skip


def _truncated_start(vocabulary: Vocabulary, text: str, max_tokens: int) -> Piece:
    """Return the longest end of a text. Places and tokens are counted from its end."""
    places, tokens = [len(text)], [0]
    for start, end in reversed(list(_blocks(text))):
        block = Borders()
        block.add_block(vocabulary, text[start:end], 0)
        after = tokens[-1] + block.tokens[-1]
        places += [start + place for place in reversed(block.places[:-1])]
        tokens += [after - before for before in reversed(block.tokens[:-1])]
        if after > max_tokens:
            break
    first = bisect_right(tokens, max_tokens) - 1
    return _longest(
        vocabulary, text, lambda number: (places[number], len(text)), first, len(places) - 1, max_tokens
    )  # fmt: skip


def _truncated_sides(vocabulary: Vocabulary, text: str, max_tokens: int) -> Piece:
    """Return the middle of a text."""
    borders = all_borders(vocabulary, text)
    last, total = len(borders.places) - 1, borders.tokens[-1]
    middle = borders.reached(total // 2)

    def around(number: int) -> tuple[int, int]:
        """Return the part with so many borders, half of them on each side."""
        return borders.places[max(middle - number // 2, 0)], borders.places[min(middle + (number + 1) // 2, last)]

    def width(number: int) -> int:
        start, end = max(middle - number // 2, 0), min(middle + (number + 1) // 2, last)
        return borders.tokens[end] - borders.tokens[start]

    first = bisect_right(range(last + 1), max_tokens, key=width) - 1
    return _longest(vocabulary, text, around, max(first, 0), 2 * last, max_tokens)


def _longest(
    vocabulary: Vocabulary,
    text: str,
    part: Callable[[int], tuple[int, int]],
    number: int,
    last: int,
    max_tokens: int,
) -> Piece:
    """Return the longest part that fits. `part(number)` grows with the number, and is empty for 0."""

    def counted(number: int) -> Piece:
        start, end = part(number)
        return Piece(start, end, vocabulary.count(text[start:end]))

    found, step = counted(number), 1
    while found.tokens > max_tokens:
        # The steps double, so that few counts are made whatever the vocabulary does at cuts.
        number = max(number - max(found.tokens - max_tokens, step), 0)
        found, step = counted(number), step * 2
    for _ in range(_MAX_EXTENSIONS):
        longer = min(number + max_tokens - found.tokens, last)
        if longer == number:
            break
        other = counted(longer)
        if other.tokens > max_tokens:
            break
        number, found = longer, other
    return found


def all_borders(vocabulary: Vocabulary, text: str) -> Borders:
    """Return all borders of a text. Raise UncountableText."""
    borders = Borders()
    for start, end in _blocks(text):
        borders.add_block(vocabulary, text[start:end], start)
    return borders


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of the blocks of a text."""
    start = 0
    while start < len(text):
        end = start + BLOCK_CHARACTERS
        if end < len(text):
            ends = [found.start() for found in _BLOCK_END.finditer(text, end - _END_CHARACTERS, end)]
            end = ends[-1] if ends else end
        yield start, min(end, len(text))
        start = end


At = Literal["token", "sentence", "paragraph", "line"]
# Where units end. A space before a word is left to the next piece, as vocabularies have it in one token with the word.
# Possessive, and a run of marks begins once, so that the time is linear.
_UNIT_ENDS: Final = {
    "line": re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"),
    "paragraph": re.compile(r"(?>\r\n|[\n\r\u2028\u2029])[^\S\n\r\u2028\u2029]*+[\n\r\u2028\u2029]\s*+|\u2029"),
    "sentence": re.compile(
        r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]]*+(?:(?=[^\S\n\r]\S)|\s++)"
        r"|(?<![\u3002\uff01\uff1f])[\u3002\uff01\uff1f]++[\"'\u201d\u2019)\]\uff09\u300d\u300f]*+\s*+"
        r"|(?<=[\n\u2029])\s++|[\n\u2029](?!\s)"
    ),
}
AT: Final[tuple[At, ...]] = ("token", "sentence", "paragraph", "line")


def split(
    vocabulary: Vocabulary, text: str, max_tokens: int, overlap_tokens: int = 0, at: At = "token"
) -> Iterator[Piece]:
    """Yield the pieces of a text in order, each with at most `max_tokens` when it is counted by itself.

    A piece begins with at most `overlap_tokens` of the end of the one before it; without these, the pieces are the
    text. A piece ends at the last end of a unit that fits, or between tokens where no unit fits. `overlap_tokens` is
    less than `max_tokens`. Raise UncountableText, TooFewTokens.
    """
    return _Splitter(vocabulary, text, max_tokens, overlap_tokens, at).pieces()


class _Splitter:
    def __init__(self, vocabulary: Vocabulary, text: str, max_tokens: int, overlap_tokens: int, at: At) -> None:
        self._vocabulary = vocabulary
        self._text = text
        self._max_tokens = max_tokens
        self._overlap_tokens = overlap_tokens
        self._borders = all_borders(vocabulary, text)
        ends = (found.end() for found in _UNIT_ENDS[at].finditer(text)) if at != "token" else ()
        self._ends = array("L", ends)

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of the text."""
        covered = 0
        while covered < len(self._text):
            piece = self._next(covered)
            yield piece
            covered = piece.end

    def _next(self, covered: int) -> Piece:
        """Return the piece that goes on from a place. Raise TooFewTokens."""
        start = self._overlap_start(covered) if covered else 0
        piece = self._longest(start, covered)
        if piece is None and start < covered:
            piece = self._longest(covered, covered)
        if piece is None:
            end = self._borders.places[self._borders.before(covered) + 1]
            raise TooFewTokens(self._max_tokens, self._count(covered, end), covered)
        return self._at_unit(piece, covered)

    def _overlap_start(self, covered: int) -> int:
        """Return where the overlap begins: it has at most as many tokens as it may have, counted by itself."""
        if not self._overlap_tokens:
            return covered
        places, tokens = self._borders.places, self._borders.tokens
        number = bisect_left(tokens, tokens[self._borders.before(covered)] - self._overlap_tokens)
        while places[number] < covered and (excess := self._count(places[number], covered) - self._overlap_tokens) > 0:
            number += excess
            if number >= len(places):
                return covered
        return min(places[number], covered)

    def _longest(self, start: int, covered: int) -> Piece | None:
        """Return the longest piece from a place that goes further than `covered`; None if there is none."""
        places, tokens = self._borders.places, self._borders.tokens
        least = self._borders.before(covered) + 1
        number = max(self._borders.reached(tokens[self._borders.before(start)] + self._max_tokens), least)
        found, step = self._piece(start, places[number]), 1
        while found.tokens > self._max_tokens:
            if number == least:
                return None
            number = max(number - max(found.tokens - self._max_tokens, step), least)
            found, step = self._piece(start, places[number]), step * 2
        return found

    def _at_unit(self, piece: Piece, covered: int) -> Piece:
        """Return the piece up to the last end of a unit in it; the whole of it if none fits."""
        if piece.end == len(self._text):
            return piece
        last = bisect_right(self._ends, piece.end) - 1
        for number in range(last, max(last - _MAX_UNITS, -1), -1):
            if self._ends[number] <= covered:
                break
            found = self._piece(piece.start, self._ends[number])
            if found.tokens <= self._max_tokens:
                return found
        return piece

    def _piece(self, start: int, end: int) -> Piece:
        return Piece(start, end, self._count(start, end))

    def _count(self, start: int, end: int) -> int:
        return self._vocabulary.count(self._text[start:end])
