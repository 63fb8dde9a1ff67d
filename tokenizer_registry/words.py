"""Words of texts and their counts, remembered: what most of a text is made of has been counted before.

A text may be cut in front of a space that follows a letter, a digit or one of a few marks. No vocabulary with words
joins across such a place (docs/architecture.md says why, `make verify-engines` shows it), so the count of a text is
the sum of the counts of what is between the cuts: here called words, with whatever white space belongs to them.
"""

import re
from collections.abc import Iterator
from threading import Lock
from typing import Final, NamedTuple

# A block is counted in well under a millisecond, and other threads get their turn in between.
BLOCK_CHARACTERS: Final = 16_384
WORDS_KEPT: Final = 65_536
# Longer words are rarely met again. A word of this length has fewer tokens than a byte can count.
WORD_CHARACTERS: Final = 40
# A space behind a letter, a digit or one of these marks. Others stand inside of a token before a space in some
# vocabulary: "= ", "> </". What follows it begins a grapheme of its own, as no combining mark and no joiner does: a
# normalizer that goes by graphemes would see one of them otherwise without the space. Four of those are letters.
_CUT: Final = re.compile(r""" (?<=[\w,.;:!?)\]}'"] )(?=[\w\s!-~¡¿«»‐-‧•€、-】（）])(?![\u0e33\u0eb3\uff9e\uff9f])""")


class Words:
    """The words that are remembered, each with a number, and their counts by vocabulary; 0 is not counted yet."""

    __slots__ = ("counts", "lock", "numbers", "texts")

    def __init__(self) -> None:
        self.lock = Lock()
        self.numbers: dict[str, int] = {}
        self.texts: list[str] = []
        self.counts: dict[str, bytearray] = {}

    def counts_of(self, vocabulary: str) -> bytearray:
        """Counts of one vocabulary, by number."""
        known = self.counts.get(vocabulary)
        return known if known is not None else self.counts.setdefault(vocabulary, bytearray(WORDS_KEPT))

    def number_of(self, word: str) -> int | None:
        """The number of a word, which it gets now if it has none; None if there is no room."""
        with self.lock:
            number = self.numbers.get(word)
            if number is None and len(self.texts) < WORDS_KEPT:
                number = len(self.texts)
                self.texts.append(word)
                self.numbers[word] = number
            return number


class Cut(NamedTuple):
    """A block of a text, cut into words. Every word but `first` is preceded by a space that is not part of it.

    `first` is the word at the beginning of a text, and None in later blocks. `long` are words that are not remembered.
    """

    block: str
    first: str | None
    words: Words
    numbers: list[int]
    long: list[str]


class WordTable:
    """Cuts texts. Remembers WORDS_KEPT words, then begins anew. Safe to use from many threads."""

    __slots__ = ("_words",)

    def __init__(self) -> None:
        self._words = Words()

    def cut(self, block: str, opens: bool) -> Cut:
        """Cut a block; `opens` if it begins its text, and otherwise it begins with a space."""
        pieces = _pieces(block if opens else block[1:])
        first = pieces.pop(0) if opens else None
        words = self._words
        numbers = list(map(words.numbers.get, pieces))
        if None not in numbers:
            return Cut(block, first, words, numbers, [])  # type: ignore[arg-type]  # None is not in it
        found = _numbered(words, pieces, numbers)
        if found is None:
            words = self._words = Words()
            found = _numbered(words, pieces, [None] * len(pieces)) or ([], pieces)
        return Cut(block, first, words, *found)


def blocks(text: str) -> Iterator[str]:
    """The text in blocks of BLOCK_CHARACTERS or more, each but the first beginning with the space it is cut at."""
    start = 0
    while len(text) - start > 2 * BLOCK_CHARACTERS:
        place = _CUT.search(text, start + BLOCK_CHARACTERS)
        if place is None:
            break
        yield text[start : place.start()]
        start = place.start()
    yield text[start:]


def _pieces(block: str) -> list[str]:
    """The words of a block. White space at its end stays with the last of them."""
    body = block.rstrip()
    pieces = _CUT.split(body)
    if len(body) < len(block):
        pieces[-1] += block[len(body) :]
    return pieces


def _numbered(words: Words, pieces: list[str], numbers: list[int | None]) -> tuple[list[int], list[str]] | None:
    """All numbers, and the words that have none because they are too long; None if there is no more room."""
    long = []
    for place, number in enumerate(numbers):
        if number is None:
            word = pieces[place]
            if len(word) > WORD_CHARACTERS:
                long.append(word)
                continue
            numbers[place] = number = words.number_of(word)
            if number is None:
                return None
    return [number for number in numbers if number is not None], long
