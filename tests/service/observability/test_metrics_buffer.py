"""Metrics that are written together equal metrics that are written one by one."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from service.observability.metrics import GroupedHistogram, MetricsBuffer

BUCKETS = (0.5, 1, 2.5)
AMOUNTS = st.lists(st.sampled_from([0, 0.25, 0.5, 0.75, 1, 2, 2.5, 3, 100]))


def told(kind: type[Histogram]) -> tuple[CollectorRegistry, Counter, Histogram]:
    """Return a registry with a counter and a histogram of this kind, each with its labels."""
    registry = CollectorRegistry()
    counter = Counter("calls", "Calls.", ("a",), registry=registry).labels("b")
    return registry, counter, kind("sizes", "Sizes.", ("a",), buckets=BUCKETS, registry=registry).labels("b")


def samples(registry: CollectorRegistry) -> list[str]:
    """Return all samples except creation times."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@given(AMOUNTS)
def test_sums_are_those_of_one_by_one(amounts: Sequence[float]) -> None:
    """Counts, sums and buckets are those of single writes; without an event loop they are written immediately."""
    registry, counter, histogram = told(Histogram)
    together, tallied, grouped = told(GroupedHistogram)
    assert isinstance(grouped, GroupedHistogram)
    buffer = MetricsBuffer()
    for amount in amounts:
        counter.inc()
        histogram.observe(amount)
        buffer.count(tallied)
        buffer.observe(grouped, amount)
    assert samples(together) == samples(registry)


@pytest.mark.anyio
async def test_numbers_are_there_after_the_turn() -> None:
    """In an event loop they are written at the end of the turn, or when they are read."""
    registry, counter, _ = told(GroupedHistogram)
    buffer = MetricsBuffer()
    for _ in range(3):
        buffer.count(counter)
    assert 'calls_total{a="b"} 0.0' in samples(registry)
    await asyncio.sleep(0)
    assert 'calls_total{a="b"} 3.0' in samples(registry)
    buffer.count(counter)
    buffer.write()
    assert 'calls_total{a="b"} 4.0' in samples(registry)
    await asyncio.sleep(0)
    assert 'calls_total{a="b"} 4.0' in samples(registry)


@pytest.mark.anyio
async def test_counters_that_are_told_together_count_each() -> None:
    """Each counter is incremented once for each time, whether counted alone, in one group or in several."""
    registry = CollectorRegistry()
    calls = Counter("calls", "Calls.", ("a",), registry=registry)
    first, second, third = (calls.labels(name) for name in "bcd")
    buffer = MetricsBuffer()
    for group in ((first, second), (first, second), (second, third), ()):
        buffer.count_each(group)
    buffer.count(third)
    await asyncio.sleep(0)
    assert {f'calls_total{{a="{name}"}} {number}' for name, number in (("b", 2.0), ("c", 3.0), ("d", 2.0))} <= set(
        samples(registry)
    )
