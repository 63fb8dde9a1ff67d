"""Texts to count: prose, source code and twelve languages, in pieces that are new to the process."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.engine_equality.texts import documents, languages, sources

LANGUAGES = 12
SMALL, LARGE = 2_000, 50_000


class Kind(NamedTuple):
    """Texts of one kind: those for the warm-up, and others to measure."""

    name: str
    warm: list[str]
    fresh: list[str]


def kinds(size: int, number: int) -> list[Kind]:
    """Return `number` new texts of each kind for the warm-up and as many to measure, of about `size` characters."""
    makers = {"prose": _slices(documents(), size), "code": _slices(sources(), size), "languages": _phrases(size)}
    return [Kind(name, _take(texts, number), _take(texts, number)) for name, texts in makers.items()]


def _slices(source: str, size: int) -> Iterator[str]:
    """Yield pieces of a source. One that is shorter than a piece is repeated."""
    source *= 1 + 2 * size // len(source)
    while True:
        yield from (source[at : at + size] for at in range(0, len(source) - size, size))


def _phrases(size: int) -> Iterator[str]:
    """Yield texts of phrases of twelve languages, each in another order."""
    dice = Random(7)
    chosen = [text.split(" ") for text in languages() if len(text.split(" ")) > 40][-LANGUAGES:]
    while True:
        text = ""
        while len(text) < size:
            words = dice.choice(chosen)
            start = dice.randrange(len(words))
            text += " ".join(words[start : start + 8]) + " "
        yield text[:size]


def _take(texts: Iterator[str], number: int) -> list[str]:
    return [next(texts) for _ in range(number)]
