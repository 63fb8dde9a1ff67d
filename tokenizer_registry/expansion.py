"""How large a text becomes under NFKC, which is what some vocabularies put it through first."""

import unicodedata
from collections import Counter
from collections.abc import Iterator

MANY_KINDS = 16
# Looking at each character takes tens of milliseconds for a large text. Other threads may go on between two blocks.
BLOCK_CHARACTERS = 8_192


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
    return (text[at : at + BLOCK_CHARACTERS] for at in range(0, len(text), BLOCK_CHARACTERS))


def _growth(character: str) -> int:
    if character.isascii():
        return 0
    expanded = unicodedata.normalize("NFKC", character)
    return len(expanded.encode("utf-8", "surrogatepass")) - len(character.encode("utf-8", "surrogatepass"))
