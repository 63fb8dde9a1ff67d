"""Measure texts at the size limit that are made to be slow: their time, and the lag of the event loop."""

import asyncio
import statistics
import time
from collections.abc import Iterator

from service.http.context import InFlight
from service.tokens.counting_pool import CountingPool, TextLimits
from tests.hostile_inputs import hostile_texts
from tokenizer_registry import Registry, UncountableText

LIMITS = TextLimits(900_000, 4_000_000)
# One model of each of these is asked for: every library, and those whose white space is cut in ways of its own.
VOCABULARIES = ("o200k_base", "cl100k_base", "llama-3", "deepseek-v3", "gemma-3", "llama-2", "phi-2", "xlm-roberta")
SMALL_CALLS = 50
TICK_SECONDS = 0.001


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


async def _run(registry: Registry, models: list[str]) -> tuple[tuple[float, str, str], list[float], list[float]]:
    pool = CountingPool(registry, LIMITS, InFlight(64_000_000), threads=2)
    times, lags, small = [], [0.0], []
    ticking = asyncio.create_task(_tick(lags))
    for name, text, direct in hostile_texts():
        if direct or len(text) < SMALL_CALLS:
            continue
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
