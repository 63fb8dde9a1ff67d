"""Turns of owners at shared threads, compared with a reference that searches lists."""

import asyncio
import threading
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.runtime.fair_threads import MAX_WAITING, FairThreads, Turns

OWNERS = "abcd"
WITHIN_SECONDS = 30


class Submitted(NamedTuple):
    """A job of the reference."""

    number: int
    owner: str
    is_charge: bool


class SlowTurns:
    """A slow `Turns`: a list of items in order of arrival, and one of owners in order of their turns."""

    def __init__(self) -> None:
        self.items: list[tuple[str, int]] = []
        self.round: list[str] = []

    def add(self, owner: str, item: int) -> None:
        """Append an item to its owner's queue."""
        self.items.append((owner, item))
        if owner not in self.round:
            self.round.append(owner)

    def take(self) -> int | None:
        """Return the next item: the oldest of the owner whose turn it is."""
        if not self.items:
            return None
        owner = self.round.pop(0)
        mine = next(one for one in self.items if one[0] == owner)
        self.items.remove(mine)
        if any(one[0] == owner for one in self.items):
            self.round.append(owner)
        return mine[1]

    def remove(self, owner: str, item: int) -> None:
        """Remove an item from its owner's queue."""
        self.items.remove((owner, item))
        if all(one[0] != owner for one in self.items):
            self.round.remove(owner)


@given(st.lists(st.one_of(st.sampled_from(OWNERS), st.just("take"), st.integers(0, 30))))
@settings(deadline=None)
def test_turns_agree_with_the_reference(steps: list[str | int]) -> None:
    """Items are added, taken and removed in any order; removing by number removes that item if it waits."""
    turns, slow = Turns[int](), SlowTurns()
    for number, step in enumerate(steps):
        if step == "take":
            assert turns.take() == slow.take()
        elif isinstance(step, str):
            turns.add(step, number)
            slow.add(step, number)
        else:
            for owner, item in [one for one in slow.items if one[1] == step]:
                turns.remove(owner, item)
                slow.remove(owner, item)
        assert [turns.waiting(owner) for owner in OWNERS] == [
            sum(one[0] == owner for one in slow.items) for owner in OWNERS
        ]


JOBS = st.lists(st.tuples(st.sampled_from(OWNERS), st.booleans(), st.booleans()), max_size=40)


@pytest.mark.promise(46)
@given(JOBS, st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_each_job_is_done_once_in_its_turn_or_dropped(jobs: list[tuple[str, bool, bool]], threads: int) -> None:
    """Each owner's jobs begin in their order; dropped ones never do; nothing waits for more than one job of each owner.

    The threads are busy while all is submitted, so all of it waits. With one thread the order is that of the reference.
    """
    dropped = {number for number, (_, _, is_dropped) in enumerate(jobs) if is_dropped}
    all_jobs = [Submitted(number, owner, is_charge) for number, (owner, is_charge, _) in enumerate(jobs)]
    begun = asyncio.run(order_of(all_jobs, dropped, threads))
    assert sorted(begun) == [job.number for job in all_jobs if job.number not in dropped]
    if threads == 1:
        assert begun == expected_order(all_jobs, dropped)


def expected_order(jobs: list[Submitted], dropped: set[int]) -> list[int]:
    """Return the expected order: charges and other jobs alternate, and so do owners within each kind."""
    lanes = {True: SlowTurns(), False: SlowTurns()}
    for job in jobs:
        lanes[job.is_charge].add(job.owner, job.number)
    for number in dropped:
        lanes[jobs[number].is_charge].remove(jobs[number].owner, number)
    order: list[int] = []
    is_charge = True
    while any(lane.items for lane in lanes.values()):
        if not lanes[is_charge].items:
            is_charge = not is_charge
        order.append(lanes[is_charge].take() or 0)
        is_charge = not is_charge
    return order


async def order_of(jobs: list[Submitted], dropped: set[int], threads: int) -> list[int]:
    """Return the numbers of the jobs in the order in which threads began them."""
    fair, go_on, begun = FairThreads(threads), threading.Event(), list[int]()
    busy = [fair.submit("busy", go_on.wait) for _ in range(threads)]
    submitted = [fair.submit(job.owner, partial(begun.append, job.number), is_charge=job.is_charge) for job in jobs]
    for number in dropped:
        one = submitted[number]
        assert one is not None
        assert fair.drop(one)
        assert not fair.drop(one)
    go_on.set()
    left = [job.outcome for job in (*busy, *submitted) if job is not None and not job.outcome.cancelled()]
    await asyncio.wait_for(asyncio.gather(*left), WITHIN_SECONDS)
    fair.close()
    return begun


@pytest.mark.anyio
async def test_what_an_owner_may_have_waiting_is_bounded_but_for_charges() -> None:
    """A job beyond its owner's maximum is refused, other owners' jobs and charges are not; waiting jobs are dropped."""
    fair, go_on = FairThreads(1), threading.Event()
    fair.submit("a", go_on.wait)
    waiting = [fair.submit("a", int) for _ in range(MAX_WAITING)]
    assert all(waiting)
    assert fair.submit("a", int) is None
    others = [fair.submit("b", int), fair.submit("a", int, is_charge=True)]
    assert all(others)
    go_on.set()
    fair.close()
    assert all(job.outcome.cancelled() for job in (*waiting, *others) if job is not None)
