"""Measure texts at the size limit that are made to be slow: their time, and the lag of the event loop."""

import asyncio
import math
import statistics
import time
from collections.abc import Iterator
from fractions import Fraction

from bench.limits import default_limits, default_pool
from service.tokens.counting_pool import CountingPool
from tests.hostile_inputs import hostile_texts
from tokenizer_registry import Registry, UncountableText, expanded_size

# One model of each of these is asked for: every library, and those whose white space is cut in ways of its own.
VOCABULARIES = ("o200k_base", "cl100k_base", "llama-3", "deepseek-v3", "gemma-3", "llama-2", "phi-2", "xlm-roberta")
MIN_LARGE_CHARACTERS = 10_000
TICK_SECONDS = 0.001
# The slope is that of the time from texts a sixteenth as long as the limit to those at the limit.
SHORTER = (16, 4, 1)
# The slope of shorter times is that of the measurement.
MIN_SECONDS = 0.1


def hostile(registry: Registry) -> Iterator[tuple[str, str]]:
    """Yield the slowest text and model, the longest lag of the event loop, and the latency of small calls meanwhile."""
    chosen = {model.vocabulary: model.name for model in registry.models.values()}
    models = [chosen[name] for name in VOCABULARIES]
    registry.count("ready", models)
    slowest, lags, small = asyncio.run(_run(registry, models))
    seconds, name, model = slowest
    yield "slowest hostile text at the limit", f"{seconds:.2f} s ({name}, {model})"
    yield "longest lag of the event loop meanwhile", f"{max(lags) * 1000:.0f} ms"
    yield "small calls meanwhile, 99th percentile", f"{statistics.quantiles(small, n=100)[98] * 1000:.0f} ms"
    slope, name, model = max(_slopes(registry, models))
    yield "steepest slope of a hostile text's time over its length, up to the limit", f"{slope:.2f} ({name}, {model})"


async def _run(registry: Registry, models: list[str]) -> tuple[tuple[float, str, str], list[float], list[float]]:
    pool = default_pool(registry)
    texts = list(_texts_at_the_limit(1))
    times, lags, small = [], [0.0], []
    ticking = asyncio.create_task(_tick(lags))
    for name, text in texts:
        for model in models:
            started = time.perf_counter()
            counting = asyncio.create_task(_count(pool, text, model))
            while not counting.done():
                small.append(await _timed(pool))
                await asyncio.sleep(0.01)
            await counting
            times.append((time.perf_counter() - started, name, model))
    ticking.cancel()
    pool.close()
    return max(times), lags, small


def _texts_at_the_limit(part: int) -> Iterator[tuple[str, str]]:
    """Yield the name of each large hostile text and the text, as long as a `part`-th of the limits allows."""
    limits = default_limits()
    lengths = {
        name: min(Fraction(limits.characters, len(text)), Fraction(limits.expanded_bytes, expanded_size(text)))
        for name, text, direct in hostile_texts()
        if not direct and len(text) >= MIN_LARGE_CHARACTERS
    }
    for wanted, times_as_long in lengths.items():
        yield from ((name, text) for name, text, _ in hostile_texts(times_as_long / part) if name == wanted)


def _slopes(registry: Registry, models: list[str]) -> Iterator[tuple[float, str, str]]:
    """Yield the slope on logarithmic scales, 1 is linear, for each hostile text and model."""
    by_length = [dict(_texts_at_the_limit(part)) for part in SHORTER]
    for name in by_length[-1]:
        texts = [named[name] for named in by_length]
        for model in models:
            seconds = [_processor_seconds(registry, text, model) for text in texts]
            if seconds[-1] >= MIN_SECONDS:
                lengths = [math.log(len(text)) for text in texts]
                yield statistics.linear_regression(lengths, list(map(math.log, seconds))).slope, name, model


def _processor_seconds(registry: Registry, text: str, model: str) -> float:
    started = time.process_time()
    registry.count(text, [model])
    return time.process_time() - started


async def _count(pool: CountingPool, text: str, model: str) -> None:
    try:
        await pool.count(text, [model])
    except UncountableText:
        return


async def _timed(pool: CountingPool) -> float:
    started = time.perf_counter()
    await pool.count("a small call", ["gpt-4o"])
    return time.perf_counter() - started


async def _tick(lags: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        lags.append(time.perf_counter() - started - TICK_SECONDS)
