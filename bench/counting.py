"""How fast each vocabulary is loaded and counts."""

import random
import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

from tokenizer_registry import Registry, Vocabulary
from tokenizer_registry.verification.corpus import corpus

WORDS = [
    "the",
    "scale",
    "weighs",
    "a",
    "load",
    "and",
    "says",
    "what",
    "it",
    "costs",
    "before",
    "the",
    "lorry",
    "leaves",
    "again",
    "with",
    "figures",
    "that",
    "nobody",
    "has",
    "to",
    "believe",
    "because",
    "everyone",
    "can",
    "check",
    "them",
    "against",
    "the",
    "same",
    "public",
    "list",
    "of",
    "prices",
    "and",
    "of",
    "pieces",
]
REPETITIONS = 30


class Speed(NamedTuple):
    """Medians for one vocabulary."""

    vocabulary: str
    load_seconds: float
    small_mb_per_second: float
    large_mb_per_second: float


def count_speeds() -> Iterator[Speed]:
    """One row a vocabulary. Texts are made from a seed, each different, so that no engine has seen them."""
    letters = random.Random(1)
    small = [prose(letters, 2_000) for _ in range(REPETITIONS)]
    pieces = list(corpus())
    large = ["".join(letters.sample(pieces, len(pieces)))[:50_000] for _ in range(REPETITIONS)]
    registry = Registry.from_package()
    for name in registry.vocabularies:
        started = time.perf_counter()
        vocabulary = registry.vocabulary(name)
        load_seconds = time.perf_counter() - started
        yield Speed(name, load_seconds, median_speed(vocabulary, small), median_speed(vocabulary, large))


def prose(letters: random.Random, characters: int) -> str:
    """Words in a random order."""
    text = ""
    while len(text) < characters:
        text += letters.choice(WORDS) + " "
    return text[:characters]


def median_speed(vocabulary: Vocabulary, texts: list[str]) -> float:
    """Millions of UTF-8 bytes a second."""
    speeds = []
    for text in texts:
        started = time.perf_counter()
        vocabulary.count(text)
        speeds.append(len(text.encode()) / (time.perf_counter() - started) / 1e6)
    return statistics.median(speeds)
