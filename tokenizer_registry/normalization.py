"""Unicode normalization with the tables that the vocabularies' owners use.

The tables are those of the `tokenizers` library. Python's own differ from them, and between versions.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import pairwise
from typing import Final

Normalize = Callable[[str], str]
# From a text and a place, the next place where normalization cannot cross; the text's length if there is none.
NextCut = Callable[[str, int], int]

# The library holds the GIL for at most 10 ms for so many.
BLOCK_CHARACTERS: Final = 4_096
# Nothing before one of these characters can change it or be changed by it: ASCII, and the common ideographs.
_BOUNDARY: Final = re.compile("[\x00-\x7f\u4e00-\u9fa5]")


def normalizer(form: str) -> Normalize:
    """The function that brings a text into the form `NFC` or `NFKC`.

    The library holds the GIL and takes many times the text's memory, so a long text goes through it in
    blocks, and other threads get their turn in between.
    """
    from tokenizers import normalizers  # only some vocabularies need it

    forms: dict[str, Callable[[], normalizers.Normalizer]] = {"NFC": normalizers.NFC, "NFKC": normalizers.NFKC}
    normalize = forms[form]().normalize_str

    def in_blocks(text: str) -> str:
        if text.isascii():
            return text
        parts = blocks(text, partial(_next_cut, normalize))
        return "".join(part if part.isascii() else _normalized_block(part, normalize) for part in parts)

    return in_blocks


def blocks(text: str, next_cut: NextCut) -> Iterator[str]:
    """The text in blocks of about BLOCK_CHARACTERS, each beginning where normalization cannot cross."""
    start = 0
    while len(text) - start > BLOCK_CHARACTERS:
        cut = next_cut(text, start + BLOCK_CHARACTERS)
        if cut == len(text):
            break
        yield text[start:cut]
        start = cut
    yield text[start:]


# The mark that stays behind all others of a letter: none has a higher combining class.
_LAST_MARK: Final = "\u0345"
# Characters that are no marks and compose with those in front of them do so with at most two, as in Hangul.
_CONTEXT_CHARACTERS: Final = 3


def _next_cut(normalize: Normalize, text: str, start: int) -> int:
    """Return the first place from `start` on where normalization cannot cross, the text's length if there is none."""
    may_cut, is_mark = lru_cache(partial(_may_cut, normalize)), lru_cache(partial(_is_mark, normalize))
    for begin in range(start, len(text), SCAN_CHARACTERS):
        if is_mark(text[begin]) and all(map(is_mark, set(text[begin : begin + SCAN_CHARACTERS]))):
            continue
        for at in range(begin, min(begin + SCAN_CHARACTERS, len(text))):
            if may_cut(text[max(at - _CONTEXT_CHARACTERS, 0) : at + 1]):
                return at
    return len(text)


def _may_cut(normalize: Normalize, piece: str) -> bool:
    """Return whether the last character of the piece is no mark, and does not compose with those before it."""
    before, last = piece[:-1], piece[-1]
    return not _is_mark(normalize, last) and normalize(piece) == normalize(before) + normalize(last)


def _is_mark(normalize: Normalize, character: str) -> bool:
    """Return whether the library sorts the character among the marks of a letter."""
    return character == _LAST_MARK or normalize(_LAST_MARK + character) != _LAST_MARK + normalize(character)


# A letter composes with fewer marks of one class.
_COMPOSING_MARKS: Final = 64


def _normalized_block(block: str, normalize: Normalize) -> str:
    """Normalize a block. A long one ends in marks; these are sorted here, and those that cannot compose set aside."""
    if len(block) <= 2 * BLOCK_CHARACTERS:
        return normalize(block)
    end = BLOCK_CHARACTERS + _CONTEXT_CHARACTERS
    marks = _by_class(block[end:], lru_cache(normalize))
    begin = normalize(block[:end] + "".join(marks[number][:_COMPOSING_MARKS] for number in sorted(marks)))
    is_mark = lru_cache(partial(_is_mark, normalize))
    last = next(at for at in range(len(begin), -1, -1) if not at or not is_mark(begin[at - 1]))
    composed = _by_class(begin[last:], str)
    numbers = sorted({*marks, *composed})
    return begin[:last] + "".join(composed[number] + marks[number][_COMPOSING_MARKS:] for number in numbers)


def _by_class(marks: str, normalize: Normalize) -> defaultdict[int, str]:
    """Return the marks of each combining class, in their order."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for block in _blocks(marks):
        for number, parts in _sorted_marks(block, normalize).items():
            found[number].append("".join(parts))
    return defaultdict(str, {number: "".join(parts) for number, parts in found.items()})


def _sorted_marks(marks: str, normalize: Normalize) -> dict[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    kinds = set(marks)
    numbers = {unicodedata.combining(kind) for kind in kinds}
    if len(numbers) == 1 and all(normalize(kind) == kind for kind in kinds):
        return {numbers.pop(): [marks]}
    for mark in marks:
        for part in normalize(mark):
            found[unicodedata.combining(part)].append(part)
    return found


def aligned(text: str, normalize: Normalize) -> tuple[str, list[tuple[int, int]] | None]:
    """The normalized text, and for each of its characters the place in `text` that it comes from; None if unchanged."""
    normalized = normalize(text)
    if normalized == text:
        return text, None
    starts = sorted({0, *(found.start() for found in _BOUNDARY.finditer(text))})
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in pairwise([*starts, len(text)]):
        part = normalize(text[start:end])
        unchanged = part == text[start:end]
        places += [(start + n, start + n + 1) if unchanged else (start, end) for n in range(len(part))]
        parts.append(part)
    return "".join(parts), places


MANY_KINDS = 16
# Looking at each character takes tens of milliseconds for a large text. Other threads may go on between two blocks.
SCAN_CHARACTERS: Final = 8_192


def expanded_size(text: str) -> int:
    """UTF-8 bytes of the text after NFKC, computed from its distinct characters.

    Characters are expanded one by one. Composition across neighbours is not followed: it may move the result
    by some bytes per accented letter, mostly down. Lone surrogates count as three bytes. Tables: Python's.
    """
    if text.isascii():
        return len(text)
    size = len(text.encode("utf-8", "surrogatepass"))
    kinds: set[str] = set()
    for block in _blocks(text):
        kinds.update(block)
    growing = {character: growth for character in kinds if (growth := _growth(character))}
    if not growing:
        return size
    if len(growing) <= MANY_KINDS:
        return size + sum(text.count(character) * growth for character, growth in growing.items())
    counts: Counter[str] = Counter()
    for block in _blocks(text):
        counts.update(block)
    return size + sum(counts[character] * growth for character, growth in growing.items())


def _blocks(text: str) -> Iterator[str]:
    return (text[at : at + SCAN_CHARACTERS] for at in range(0, len(text), SCAN_CHARACTERS))


def _growth(character: str) -> int:
    if character.isascii():
        return 0
    expanded = unicodedata.normalize("NFKC", character)
    return len(expanded.encode("utf-8", "surrogatepass")) - len(character.encode("utf-8", "surrogatepass"))
