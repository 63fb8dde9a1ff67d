"""Counts of many accounts in one thread: accounts take turns, and work of cancelled callers is dropped."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message

from service.app import counting_threads
from service.http.context import InFlight
from service.http.errors import CALLER_GONE
from service.tokens.counting_pool import INLINE_CHARACTERS, SHARED_CHARACTERS, Caller, CountingPool, TextLimits
from tests.eventually import eventually_async
from tokenizer_registry import Count, Registry

LIMITS = TextLimits(1_000_000, 4_000_000)
MODEL = "gpt-4o"
WITHIN_SECONDS = 30


class Watched(Registry):
    """The shipped registry, which records what it counts. The first count waits for the test's signal."""

    def __init__(self) -> None:
        shipped = Registry.from_package()
        super().__init__(
            shipped.models.values(), shipped.vocabularies.values(), shipped.vocabularies_folder, engines=shipped.engines
        )
        self.go_on = threading.Event()
        self.counted: list[str] = []

    def count(self, text: str, models: Sequence[str], estimate: bool = False) -> list[Count]:
        """Record the first word of a text, which names its owner."""
        self.counted.append(text.partition(" ")[0])
        self.go_on.wait(WITHIN_SECONDS)
        return super().count(text, models, estimate)


class Connection:
    """The messages of a request: its body, and later that its caller hung up."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self._has_body = True

    async def receive(self) -> Message:
        """Answer as an ASGI application does."""
        if self._has_body:
            self._has_body = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


def large(name: str) -> str:
    """Return a text that is too large to be counted on the event loop."""
    return f"{name} " * INLINE_CHARACTERS


def pool_of(registry: Registry) -> CountingPool:
    """Return a counting pool that has one thread."""
    return CountingPool(registry, LIMITS, InFlight(64_000_000), threads=1)


@pytest.mark.promise(46)
@pytest.mark.anyio
async def test_a_count_waits_for_what_is_running_and_not_for_all_that_others_queued() -> None:
    """One account has thirty large counts waiting; the next account's is the second that is counted."""
    registry = Watched()
    pool = pool_of(registry)
    tasks = [asyncio.create_task(pool.count(large(f"a{n}"), [MODEL], caller=Caller("a"))) for n in range(30)]
    await eventually_async(lambda: registry.counted, within=WITHIN_SECONDS)
    tasks.append(asyncio.create_task(pool.count(large("b"), [MODEL], caller=Caller("b"))))
    await asyncio.sleep(0)
    registry.go_on.set()
    await asyncio.gather(*tasks)
    # The second of `a` had its turn before `b` came.
    assert registry.counted[:3] in (["a0", "a1", "b"], ["a0", "b", "a1"])
    assert [name for name in registry.counted if name != "b"] == [f"a{number}" for number in range(30)]
    pool.close()


@pytest.mark.promise(46)
@pytest.mark.anyio
async def test_work_whose_caller_has_gone_is_dropped_before_it_begins() -> None:
    """Of thirty callers who hang up, only the running count is finished; the bytes of the others are free."""
    registry = Watched()
    pool = pool_of(registry)
    connections = [Connection() for _ in range(30)]
    callers = [Caller("a", connection.receive) for connection in connections]
    tasks = [asyncio.create_task(pool.count(large(f"a{n}"), [MODEL], caller=one)) for n, one in enumerate(callers)]
    await eventually_async(lambda: registry.counted, within=WITHIN_SECONDS)
    for connection in connections:
        connection.gone.set()
    await eventually_async(lambda: sum(task.done() for task in tasks) == 29, within=WITHIN_SECONDS)
    await asyncio.sleep(0)
    assert pool.in_flight.held_bytes == len(large("a0")) * 4
    registry.go_on.set()
    answers = await asyncio.gather(*tasks)
    assert [answer for answer in answers[1:] if answer != CALLER_GONE] == []
    assert isinstance(answers[0], list)
    assert registry.counted == ["a0"]
    assert pool.in_flight.held_bytes == 0
    pool.close()


@pytest.mark.promise(46)
@pytest.mark.anyio
async def test_a_cancelled_task_leaves_no_work_behind() -> None:
    """Work that a cancelled task waited for is dropped."""
    registry = Watched()
    pool = pool_of(registry)
    tasks = [asyncio.create_task(pool.count(large(name), [MODEL])) for name in ("a", "b", "c")]
    await eventually_async(lambda: registry.counted, within=WITHIN_SECONDS)
    tasks[1].cancel()
    registry.go_on.set()
    await asyncio.wait(tasks)
    assert registry.counted == ["a", "c"]
    assert pool.in_flight.held_bytes == 0
    pool.close()


@pytest.mark.promise(46)
@pytest.mark.anyio
async def test_a_charge_is_counted_though_an_account_has_much_waiting_and_no_caller() -> None:
    """Delivered text is counted after the running count, and never refused, not even without free bytes."""
    registry = Watched()
    pool = CountingPool(registry, LIMITS, InFlight(1), threads=1)
    pool.in_flight.take(1)
    order: list[str] = []

    async def noting(name: str, work: Any) -> None:
        await work
        order.append(name)

    running = asyncio.create_task(pool.run(Caller("a"), lambda: registry.count("first", [MODEL])))
    await eventually_async(lambda: registry.counted, within=WITHIN_SECONDS)
    waiting = [asyncio.create_task(noting("a", pool.run(Caller("a"), int))) for _ in range(10)]
    await asyncio.sleep(0)
    charge = pool.count_texts([large("text")], "o200k_base", Caller("a"), admitted=True)
    waiting.append(asyncio.create_task(noting("charge", charge)))
    await asyncio.sleep(0)
    registry.go_on.set()
    await asyncio.gather(running, *waiting)
    assert order.index("charge") <= 1
    pool.close()


@pytest.mark.anyio
async def test_halves_of_a_count_take_turns_in_two_threads() -> None:
    """A count for many models is two jobs, which both run beside the work of other accounts, for a single caller."""
    shipped = Registry.from_package()
    pool = CountingPool(shipped, LIMITS, InFlight(64_000_000), threads=2)
    models = ["gpt-4o", "gpt-2", "llama-2-7b"] * 400
    text = large("two") * 3
    assert len(text) * len(models) > SHARED_CHARACTERS
    alone = shipped.count(text, models)
    tasks = [pool.count(text, models, caller=Caller(owner, Connection().receive)) for owner in "aaabc"]
    assert await asyncio.gather(*tasks) == [alone] * 5
    assert pool.in_flight.held_bytes == 0
    pool.close()


@pytest.mark.promise(49)
@pytest.mark.parametrize(
    ("processors", "workers", "threads"),
    [(1, 1, 1), (1, 4, 1), (2, 1, 2), (2, 2, 2), (3, 2, 2), (64, 4, 16), (64, 100, 2)],
)
def test_workers_divide_the_processors(processors: int, workers: int, threads: int) -> None:
    """Each worker has its share of the processors, rounded up, and two threads if there are two processors."""
    assert counting_threads(processors, workers) == threads
