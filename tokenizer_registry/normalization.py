"""Unicode normalization with the tables that the vocabularies' owners use.

The tables are those of the `tokenizers` library. Python's own differ from them, and between versions.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

Normalize = Callable[[str], str]

BLOCK_CHARACTERS: Final = 16_384
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
        return "".join(block if block.isascii() else normalize(block) for block in blocks(text))

    return in_blocks


def blocks(text: str, boundary: re.Pattern[str] = _BOUNDARY) -> Iterator[str]:
    """The text in blocks of about BLOCK_CHARACTERS, each beginning where normalization cannot cross."""
    start = 0
    while len(text) - start > BLOCK_CHARACTERS:
        found = boundary.search(text, start + BLOCK_CHARACTERS)
        if found is None:
            break
        yield text[start : found.start()]
        start = found.start()
    yield text[start:]


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
