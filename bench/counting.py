"""Compare the engine with the reference library for every vocabulary, on the same texts."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bench.texts import LARGE, SMALL, Kind, kinds
from tokenizer_registry import Registry, Vocabulary
from tokenizer_registry.vocabulary_files import VocabularyFormat

SMALL_TEXTS, LARGE_TEXTS = 25, 6


class Comparison(NamedTuple):
    """MB/s of the engine and the reference by kind and size of text; medians over the texts."""

    vocabulary: str
    format: VocabularyFormat
    reference: dict[str, float]
    engine: dict[str, float]

    def ratio(self, name: str) -> float:
        """Return how many times as fast as the reference the engine is."""
        return self.engine[name] / self.reference[name]

    @property
    def fresh(self) -> float:
        """Return the median ratio over kinds and sizes of texts that are new to the process."""
        return statistics.median(self.ratio(name) for name in self.engine if name != "repeated")


def compare_engines() -> Iterator[Comparison]:
    """Yield one comparison for each vocabulary."""
    fast, reference = Registry.from_package(), Registry.from_package(fast=False)
    small, large = kinds(SMALL, SMALL_TEXTS), kinds(LARGE, LARGE_TEXTS)
    for name, spec in fast.vocabularies.items():
        speeds = [_speeds(registry.vocabulary(name), small, large) for registry in (reference, fast)]
        yield Comparison(name, spec.format, *speeds)


def _speeds(vocabulary: Vocabulary, small: Sequence[Kind], large: Sequence[Kind]) -> dict[str, float]:
    found = {}
    for size, texts in (("2 kB", small), ("50 kB", large)):
        for kind in texts:
            for text in kind.warm:
                vocabulary.count(text)
            found[f"{kind.name} {size}"] = median_speed(vocabulary.count, kind.fresh)
    found["repeated"] = median_speed(vocabulary.count, [small[0].fresh[0]] * SMALL_TEXTS)
    return found


def median_speed(count: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the speed in millions of UTF-8 bytes per second."""
    speeds = []
    for text in texts:
        started = time.perf_counter()
        count(text)
        speeds.append(len(text.encode()) / (time.perf_counter() - started) / 1e6)
    return statistics.median(speeds)
