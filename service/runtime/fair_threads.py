"""Threads that callers share in turns. For one event loop: nothing here is called from another thread."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """A round-robin queue: each `take` returns the oldest item of the owner whose turn it is.

    An owner without items has no turn; with its next item it becomes the last in the round.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()

    def waiting(self, owner: str) -> int:
        """Return the number of an owner's items in the queue."""
        return len(self._waiting.get(owner, ()))

    def add(self, owner: str, item: Item) -> None:
        """Add an item behind the others of its owner."""
        self._waiting.setdefault(owner, deque()).append(item)

    def take(self) -> Item | None:
        """Remove and return the next item, or None if there is none."""
        if not self._waiting:
            return None
        owner, items = self._waiting.popitem(last=False)
        item = items.popleft()
        if items:
            self._waiting[owner] = items
        return item

    def remove(self, owner: str, item: Item) -> None:
        """Remove an item. Raise KeyError or ValueError if it is not in the queue."""
        items = self._waiting[owner]
        items.remove(item)
        if not items:
            del self._waiting[owner]


Answer = TypeVar("Answer")

# Waiting jobs of one owner. Each holds a connection; the bytes that it holds are limited separately.
MAX_WAITING = 256


class ThreadJob(Generic[Answer]):
    """Work of an owner; `outcome` gets the result, or is cancelled if the job is dropped."""

    __slots__ = ("has_begun", "is_charge", "outcome", "owner", "work")

    def __init__(self, owner: str, work: Callable[[], Answer], *, is_charge: bool) -> None:
        self.owner = owner
        self.work = work
        self.is_charge = is_charge
        self.has_begun = False
        self.outcome: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()


class FairThreads:
    """Runs one job a thread at a time; waiting jobs start in turns of their owners.

    Charges have a queue of their own, and every other turn while both queues wait: a charge waits for at most one other
    job, and one charge of each account.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="count")
        self._idle = threads
        self._charges: Turns[ThreadJob[Any]] = Turns()
        self._others: Turns[ThreadJob[Any]] = Turns()
        self._charges_are_next = True

    def submit(self, owner: str, work: Callable[[], Answer], *, is_charge: bool = False) -> ThreadJob[Answer] | None:
        """Start work now or in its turn. Return None if too many jobs of the owner wait; charges are always taken."""
        job = ThreadJob(owner, work, is_charge=is_charge)
        turns = self._turns_of(job)
        if not is_charge and turns.waiting(owner) >= MAX_WAITING:
            return None
        turns.add(owner, job)
        self._begin_waiting()
        return job

    def drop(self, job: ThreadJob[Any]) -> bool:
        """Drop a waiting job. Return False if it has begun or is done."""
        if job.has_begun or job.outcome.done():
            return False
        self._turns_of(job).remove(job.owner, job)
        job.outcome.cancel()
        return True

    def close(self) -> None:
        """Wait for running jobs, drop the others, and end the threads."""
        while (job := self._next()) is not None:
            job.outcome.cancel()
        self._executor.shutdown()

    def _turns_of(self, job: ThreadJob[Any]) -> Turns[ThreadJob[Any]]:
        return self._charges if job.is_charge else self._others

    def _next(self) -> ThreadJob[Any] | None:
        both = (self._charges, self._others) if self._charges_are_next else (self._others, self._charges)
        job = both[0].take() or both[1].take()
        self._charges_are_next = job is None or not job.is_charge
        return job

    def _begin_waiting(self) -> None:
        while self._idle and (job := self._next()) is not None:
            self._begin(job)

    def _begin(self, job: ThreadJob[Any]) -> None:
        job.has_begun = True
        try:
            running = job.outcome.get_loop().run_in_executor(self._executor, job.work)
        except RuntimeError as error:
            # The system has no memory for the thread's stack, or the process has too many threads.
            job.outcome.set_exception(MemoryError(str(error)))
            return
        self._idle -= 1
        running.add_done_callback(partial(self._end, job))

    def _end(self, job: ThreadJob[Any], running: asyncio.Future[Any]) -> None:
        self._idle += 1
        if running.cancelled():
            job.outcome.cancel()
        elif (error := running.exception()) is not None:
            job.outcome.set_exception(error)
            job.outcome.exception()  # retrieved here, because nothing may wait for it any more
        else:
            job.outcome.set_result(running.result())
        self._begin_waiting()
