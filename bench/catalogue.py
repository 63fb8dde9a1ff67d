"""Measure one call with every vocabulary, and how its time grows with the text and the number of models."""

import asyncio
import math
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

from bench.limits import default_pool
from bench.texts import kinds
from tokenizer_registry import Registry
from tokenizer_registry.vocabulary import Vocabulary

TEXT_CHARACTERS = 10_000
GROWTH_CHARACTERS = (1_000, 10_000, 100_000, 1_000_000, 4_000_000)
GROWTH_MODELS = ("gpt-4o", "gemma-3-27b-it", "bge-m3")
WARM_TEXTS = 60
REPETITIONS = 45


def whole_catalogue(registry: Registry) -> Iterator[tuple[str, str]]:
    """Yield rows that compare a 10 kB text counted for all models with one call of each reference library."""
    reference = Registry.from_package(fast=False)
    models = list(registry.models)
    used = {model.vocabulary for model in registry.models.values()} & registry.vocabularies.keys()
    prose = kinds(TEXT_CHARACTERS, WARM_TEXTS)[0]
    for text in prose.warm:
        registry.count(text, models)
    owners = [reference.vocabulary(name) for name in sorted(filter(None, used))]
    pairs = asyncio.run(_in_turns(registry, models, owners, prose.fresh[:REPETITIONS]))
    together, apart = map(statistics.median, zip(*pairs, strict=True))
    yield f"10 kB of prose, all {len(models)} models ({len(used)} vocabularies)", f"{together * 1000:.1f} ms"
    yield "the owners' libraries, once for each vocabulary", f"{apart * 1000:.1f} ms"
    yield "times as fast", f"{apart / together:.1f}"


def growth(registry: Registry) -> Iterator[tuple[str, str]]:
    """Yield rows with the slope of time over length on logarithmic scales; 1 means linear."""
    for model in GROWTH_MODELS:
        seconds = []
        for size in GROWTH_CHARACTERS:
            prose = kinds(size, 3)[0]
            for text in prose.warm:
                registry.count(text, [model])
            seconds.append(_median(partial(_count, registry, model), prose.fresh))
        yield f"slope of time over length, 1 kB to 4 MB, {model}", f"{_slope(GROWTH_CHARACTERS, seconds):.2f}"


def _count(registry: Registry, model: str, text: str) -> None:
    registry.count(text, [model])


def _slope(sizes: tuple[int, ...], seconds: list[float]) -> float:
    return statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, seconds))).slope


async def _in_turns(
    registry: Registry, models: list[str], owners: list[Vocabulary], texts: list[str]
) -> list[tuple[float, float]]:
    """Return the seconds of each text: as the service counts, with two threads, and by the reference libraries.

    In turns, because a busy moment of the machine would harm one of them alone.
    """
    pool = default_pool(registry)
    pairs = []
    for text in texts:
        started = time.perf_counter()
        await pool.count(text, models)
        counted = time.perf_counter()
        for owner in owners:
            owner.count(text)
        pairs.append((counted - started, time.perf_counter() - counted))
    pool.close()
    return pairs


def _median(count: Callable[[str], object], texts: list[str]) -> float:
    seconds = []
    for text in texts:
        started = time.perf_counter()
        count(text)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
