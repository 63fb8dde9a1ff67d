"""Counting outside the event loop, within limits of memory and time."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from service.http.context import InFlight
from service.http.errors import Refusal
from service.tokens.counting_pool import INLINE_CHARACTERS, CountingPool, TextLimits
from tokenizer_registry import Count, Registry

LIMITS = TextLimits(characters=100_000, expanded_bytes=400_000)
BYTES_IN_FLIGHT = 500_000
LARGE = "a b " * INLINE_CHARACTERS


class SlowRegistry(Registry):
    """The shipped registry, whose counts wait for the test's signal."""

    def __init__(self) -> None:
        shipped = Registry.from_package()
        super().__init__(
            shipped.models.values(),
            shipped.vocabularies.values(),
            shipped.vocabularies_folder,
            fetchable=shipped.fetchable.values(),
        )
        self.go_on = threading.Event()
        self.counted_in: list[str] = []

    def count(self, text: str, models: Sequence[str], estimate: bool = False) -> list[Count]:
        """Record the thread, wait for the test's signal, then count."""
        self.counted_in.append(threading.current_thread().name)
        self.go_on.wait()
        return super().count(text, models, estimate)


@pytest.fixture
def registry() -> SlowRegistry:
    """Return a registry under the test's control."""
    return SlowRegistry()


def pool_of(registry: Registry) -> CountingPool:
    """Return a counting pool with one thread."""
    return CountingPool(registry, LIMITS, InFlight(BYTES_IN_FLIGHT), threads=1)


@pytest.mark.anyio
async def test_the_loop_goes_on_while_a_large_text_is_counted(registry: SlowRegistry) -> None:
    """A long text is counted in a thread, and the event loop runs meanwhile."""
    pool = pool_of(registry)
    counting = asyncio.create_task(pool.count(LARGE, ["gpt-4o"]))
    await asyncio.sleep(0)
    assert not counting.done()
    registry.go_on.set()
    assert isinstance(await counting, list)
    assert registry.counted_in[0].startswith("count")
    pool.close()


@pytest.mark.anyio
async def test_more_work_than_memory_should_bear_is_refused(registry: SlowRegistry) -> None:
    """While as many bytes are held as allowed, another large text is a 503 with Retry-After; later it is counted."""
    pool = pool_of(registry)
    waiting = [asyncio.create_task(pool.count(LARGE, ["gpt-4o"])) for _ in range(8)]
    await asyncio.sleep(0)
    refused = await pool.count(LARGE, ["gpt-4o"])
    assert isinstance(refused, Refusal)
    assert (refused.status, dict(refused.headers)) == (503, {b"retry-after": b"1"})
    registry.go_on.set()
    await asyncio.gather(*waiting)
    await asyncio.sleep(0)
    assert pool.in_flight.held_bytes == 0
    assert isinstance(await pool.count(LARGE, ["gpt-4o"]), list)
    pool.close()


@pytest.mark.anyio
async def test_a_caller_who_leaves_frees_the_bytes_when_the_work_is_done(registry: SlowRegistry) -> None:
    """A thread cannot be cancelled, so its bytes are held until it ends, even if its caller hangs up."""
    pool = pool_of(registry)
    counting = asyncio.create_task(pool.count(LARGE, ["gpt-4o"]))
    await asyncio.sleep(0)
    counting.cancel()
    await asyncio.wait([counting])
    assert pool.in_flight.held_bytes > 0
    registry.go_on.set()
    pool.close()
    await asyncio.sleep(0.01)
    assert pool.in_flight.held_bytes == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a" * 100_001, "longer than 100000 characters"), ("\ufdfa" * 20_000, "longer than 400000 bytes after NFKC")],
)
@pytest.mark.anyio
async def test_texts_over_the_limits(registry: SlowRegistry, text: str, sentence: str) -> None:
    """A text with too many characters, or that NFKC makes too large, is a 413 before any vocabulary sees it."""
    pool = pool_of(registry)
    refused = await pool.count(text, ["gpt-4o"])
    assert isinstance(refused, Refusal)
    assert refused.status == 413
    assert sentence in refused.message
    assert registry.counted_in == []
    pool.close()


@pytest.mark.anyio
async def test_a_count_for_many_models_is_shared_by_threads_and_keeps_its_order() -> None:
    """With two threads each model gets the count that it gets alone, also duplicates; one refusal refuses all."""
    shipped = Registry.from_package()
    pool = CountingPool(shipped, LIMITS, InFlight(10 * BYTES_IN_FLIGHT), threads=2)
    models = ["gpt-4o", "grok-4", "gpt-2", "gpt-4o", "llama-2-7b", "bge-small-en-v1.5"]
    text = "a b " * 24_000
    assert await pool.count(text, models) == [shipped.count(text, [model])[0] for model in models]
    refused = await pool.count("ﷺ" * 90_000, models)
    assert isinstance(refused, Refusal)
    assert refused.status == 413
    assert pool.in_flight.held_bytes == 0
    pool.close()
