"""Requests of one turn are sent together, and a lone caller does not wait for others."""

import asyncio
from collections.abc import Sequence

import pytest

from service.runtime.batching import Batcher

pytestmark = pytest.mark.anyio


class Store:
    """A store that doubles numbers once `gate` opens, and records each batch and how many run at a time."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()
        self.batches: list[list[int]] = []
        self.busy = 0

    async def send(self, questions: Sequence[int]) -> Sequence[int]:
        """Return the doubles, in order. Negative numbers raise."""
        self.batches.append(list(questions))
        self.busy += 1
        assert self.busy == 1
        self.arrived.set()
        await self.gate.wait()
        self.busy -= 1
        if any(question < 0 for question in questions):
            raise LookupError(questions)
        return [2 * question for question in questions]


async def ask(batches: Batcher[int, int], number: int) -> int:
    """Make a request and wait for its reply."""
    return await batches.put(number)


async def test_one_turn_is_one_batch() -> None:
    """Requests of one turn of the loop are sent together, and each caller gets its own answer."""
    store = Store()
    batches = Batcher(store.send, 100, turns_after_batch=3)
    assert await asyncio.gather(*(ask(batches, n) for n in range(50))) == [2 * n for n in range(50)]
    assert store.batches == [list(range(50))]


async def test_large_turn_is_cut_and_keeps_its_order() -> None:
    """No batch is larger than allowed, and only one is sent at a time."""
    store = Store()
    batches = Batcher(store.send, 20, turns_after_batch=3)
    assert await asyncio.gather(*(ask(batches, n) for n in range(50))) == [2 * n for n in range(50)]
    assert store.batches == [list(range(20)), list(range(20, 40)), list(range(40, 50))]


async def test_questions_gather_while_a_batch_is_on_its_way() -> None:
    """Requests that arrive during a round trip wait for the next one, and are then sent together."""
    store = Store()
    batches = Batcher(store.send, 100, turns_after_batch=3)
    store.gate.clear()
    first = asyncio.create_task(ask(batches, 1))
    await store.arrived.wait()
    later = [asyncio.create_task(ask(batches, n)) for n in (2, 3, 4)]
    await asyncio.sleep(0)
    store.gate.set()
    assert await asyncio.gather(first, *later) == [2, 4, 6, 8]
    assert store.batches == [[1], [2, 3, 4]]


async def test_who_was_answered_asks_again_in_time_for_the_next_batch() -> None:
    """Callers who ask again soon after their answer are sent with those who asked meanwhile, not behind them."""
    store = Store()
    batches = Batcher(store.send, 100, turns_after_batch=3)

    async def ask_twice(number: int) -> int:
        answer = await ask(batches, number)
        await asyncio.sleep(0)
        return await ask(batches, answer)

    store.gate.clear()
    first = [asyncio.create_task(ask_twice(n)) for n in (1, 2)]
    await store.arrived.wait()
    later = [asyncio.create_task(ask(batches, n)) for n in (3, 4)]
    await asyncio.sleep(0)
    store.gate.set()
    assert await asyncio.gather(*first, *later) == [4, 8, 6, 8]
    assert store.batches == [[1, 2], [3, 4, 2, 4]]


@pytest.mark.parametrize("turns", range(6))
async def test_the_end_of_the_sender_is_the_end_of_all_who_wait(turns: int) -> None:
    """If sending is cancelled, during a batch or between two, all waiting callers are cancelled."""
    store = Store()
    batches = Batcher(store.send, 2, turns_after_batch=3)
    askers = [asyncio.create_task(ask(batches, n)) for n in range(4)]
    await store.arrived.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    if batches._sender is not None:
        batches._sender.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*askers, return_exceptions=True)
    assert await ask(batches, 5) == 10


async def test_failure_reaches_all_who_wait() -> None:
    """If a batch fails, callers waiting for the next fail too, immediately; later callers are served."""
    store = Store()
    batches = Batcher(store.send, 1, turns_after_batch=3)
    answers = await asyncio.gather(*(ask(batches, n) for n in (-1, 2, 3)), return_exceptions=True)
    assert all(isinstance(answer, LookupError) for answer in answers)
    assert store.batches == [[-1]]
    assert await ask(batches, 5) == 10


async def test_asker_that_leaves_harms_nobody() -> None:
    """If one caller is cancelled during the round trip, the others get their answers."""
    store = Store()
    batches = Batcher(store.send, 100, turns_after_batch=3)
    store.gate.clear()
    askers = [asyncio.create_task(ask(batches, n)) for n in (1, 2, 3)]
    await store.arrived.wait()
    askers[1].cancel()
    store.gate.set()
    answers = await asyncio.gather(*askers, return_exceptions=True)
    assert (answers[0], answers[2]) == (2, 6)
    assert isinstance(answers[1], asyncio.CancelledError)


async def test_idle_waits_for_the_last_batch() -> None:
    """`idle` returns when no batch is being sent any more."""
    store = Store()
    batches = Batcher(store.send, 1, turns_after_batch=3)
    askers = [asyncio.create_task(ask(batches, n)) for n in range(3)]
    await asyncio.sleep(0)
    await batches.idle()
    assert store.batches == [[0], [1], [2]]
    assert await asyncio.gather(*askers) == [0, 2, 4]


@pytest.mark.promise(48)
async def test_too_few_answers_leave_nobody_waiting() -> None:
    """A store that returns fewer answers than requests is an error for the whole batch; no caller waits forever."""

    async def send(questions: Sequence[int]) -> Sequence[int]:
        return [0] * (len(questions) - 1)

    batches = Batcher(send, 100, turns_after_batch=3)
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(ask(batches, n) for n in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 3


async def test_a_lone_caller_waits_for_nobody() -> None:
    """A lone request is sent in the next turn; only after a batch of several does the next one wait for others."""
    store = Store()
    batches = Batcher(store.send, 100, turns_before_batch=3)

    async def turns_until_sent(number: int) -> int:
        reply, turns = batches.put(number), 0
        while [number] not in store.batches:
            await asyncio.sleep(0)
            turns += 1
        assert await reply == 2 * number
        return turns

    assert [await turns_until_sent(number) for number in (1, 2)] == [1, 1]
    await asyncio.gather(ask(batches, 3), ask(batches, 4))
    await batches.idle()
    assert [await turns_until_sent(number) for number in (5, 6)] == [4, 1]


async def test_after_company_the_first_batch_waits_for_the_others() -> None:
    """Requests that arrive within the turns of gathering are one batch, also after a pause."""
    store = Store()
    batches = Batcher(store.send, 100, turns_before_batch=3)

    async def ask_after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await ask(batches, turns)

    await asyncio.gather(ask(batches, 10), ask(batches, 11))
    await batches.idle()
    await asyncio.gather(*(ask_after(turns) for turns in range(3)))
    assert store.batches == [[10, 11], [0, 1, 2]]
