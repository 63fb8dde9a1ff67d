"""How large a text becomes under NFKC, which is what some vocabularies put it through first."""

import unicodedata
from collections import Counter

MANY_KINDS = 16


def expanded_size(text: str) -> int:
    """UTF-8 bytes of the text after NFKC, computed from its distinct characters.

    Characters are expanded one by one. Composition across neighbours is not followed: it may move the result
    by some bytes per accented letter, mostly down. Lone surrogates count as three bytes. Tables: Python's.
    """
    if text.isascii():
        return len(text)
    size = len(text.encode("utf-8", "surrogatepass"))
    growing = {character: growth for character in set(text) if (growth := _growth(character))}
    if not growing:
        return size
    if len(growing) <= MANY_KINDS:
        return size + sum(text.count(character) * growth for character, growth in growing.items())
    counts = Counter(text)
    return size + sum(counts[character] * growth for character, growth in growing.items())


def _growth(character: str) -> int:
    if character.isascii():
        return 0
    expanded = unicodedata.normalize("NFKC", character)
    return len(expanded.encode("utf-8", "surrogatepass")) - len(character.encode("utf-8", "surrogatepass"))
