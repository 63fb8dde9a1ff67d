"""Accounts in memory that the workers of one server share, for limits while the shared counters are away."""

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from random import sample
from typing import Final, NamedTuple

# A holder may wait for a processor. One that is stopped is waited for once, and then not for a while.
MAX_WAIT_SECONDS: Final = 0.15
NO_WAIT_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.0002


class ProcessLock:
    """Made before the fork. Record locks belong to a process: each that was forked has its own.

    There is one lock of all, held for some microseconds, and numbers of which a process may keep one while it lives.
    """

    def __init__(self) -> None:
        # A file in memory: no disk can be full, and no path can be lost.
        self._file = os.memfd_create("weighbridge-limits")
        self._no_wait_until = 0.0

    def keep_number(self, numbers: range) -> int | None:
        """Return the first number that no living process keeps, which is then this process's; None if there is none."""
        return next((number for number in numbers if self._locks_byte(1 + number)), None)

    def acquire(self) -> bool:
        """Take the lock and return True, or False if its holder does not go on, as a stopped process does not."""
        if self._locks_byte(0):
            return True
        began = now = time.monotonic()
        if began < self._no_wait_until:
            return False
        while now < began + MAX_WAIT_SECONDS:
            time.sleep(PAUSE_SECONDS)
            if self._locks_byte(0):
                return True
            now = time.monotonic()
        self._no_wait_until = now + NO_WAIT_SECONDS
        return False

    def release(self) -> None:
        """Let the next process have it."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 0)

    def _locks_byte(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True


SETS, WAYS = 128, 32
WORD_BYTES: Final = 8
# A record: the month of its unbooked calls, their number, and entries of a time and a number of calls.
ENTRIES: Final = 16
RECORD_WORDS: Final = 2 + 2 * ENTRIES
# A cell, one for each worker: what the shared counters said last; see `service.limits.fallback.Known`.
CELL_WORDS: Final = 4
# Workers that begin before the one is gone whose place they take.
SPARE_COLUMNS: Final = 2
SECOND: Final = 1_000_000
# So many places are tried for an account that is new to a full set, where time matters.
MAX_TRIES: Final = 2


class Place(NamedTuple):
    """Where the words of an account are; `key` is its own, and may give way to another's."""

    key_at: int
    key: int
    record_at: int
    cells_at: int


class AccountTable:
    """A set-associative table of 64-bit words. A process that is killed at any point leaves nothing that admits more.

    Made before the fork, with a lock. Without a lock it is for one process.
    """

    def __init__(self, workers: int = 1, lock: ProcessLock | None = None) -> None:
        self.columns = 1 if lock is None else workers + SPARE_COLUMNS
        self.column: int | None = 0
        self._lock = lock
        slots = SETS * WAYS
        self._records_at = slots
        self._cells_at = self._records_at + slots * RECORD_WORDS
        size_bytes = (self._cells_at + slots * self.columns * CELL_WORDS) * WORD_BYTES
        memory = mmap.mmap(-1, size_bytes)
        if lock is not None:
            memory.write(bytes(size_bytes))  # what has been written to is there, whatever is left of the memory later
        self.words = memoryview(memory).cast("q")

    def join(self) -> None:
        """Take a column of cells for this process, after the fork."""
        if self._lock is not None:
            self.column = self._lock.keep_number(range(self.columns))

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Yield True while no other process has the table, or False if it cannot be had."""
        if self._lock is None:
            yield True
            return
        taken = self._lock.acquire()
        try:
            yield taken
        finally:
            if taken:
                self._lock.release()

    def find(self, account_id: str) -> Place | None:
        """Return the place of an account that has one. The table is locked."""
        key, first = _key(account_id)
        row = self.words[first : first + WAYS].tolist()
        return self._place(first + row.index(key), key) if key in row else None

    def found_or_made(self, account_id: str, now: int, max_tries: int = WAYS) -> Place | None:
        """Return the place of an account; if need be one that was idle for a second gives way. The table is locked.

        `now` is the monotonic time in microseconds. Accounts without unbooked calls give way first.
        """
        key, first = _key(account_id)
        row = self.words[first : first + WAYS].tolist()
        if key in row:
            return self._place(first + row.index(key), key)
        if 0 in row:
            return self._made(first + row.index(0), key)
        tried = [self._place(first + way, row[way]) for way in sample(range(WAYS), max_tries)]
        idle = [place for place in tried if self._is_idle(place, now)]
        if not idle:
            return None
        return self._made(min(idle, key=lambda place: self.words[place.record_at + 1]).key_at, key)

    def _place(self, key_at: int, key: int) -> Place:
        record_at = self._records_at + key_at * RECORD_WORDS
        return Place(key_at, key, record_at, self._cells_at + key_at * self.columns * CELL_WORDS)

    def _made(self, key_at: int, key: int) -> Place:
        """An empty place; in this order a process that dies in between leaves no account with another's words."""
        place = self._place(key_at, key)
        self.words[key_at] = 0
        for at, number in ((place.record_at, RECORD_WORDS), (place.cells_at, self.columns * CELL_WORDS)):
            self.words[at : at + number] = memoryview(bytes(number * WORD_BYTES)).cast("q")
        self.words[key_at] = key
        return place

    def _is_idle(self, place: Place, now: int) -> bool:
        """Whether there was no call in the last second, here or in the shared counters."""
        times = self.words[place.record_at + 2 : place.record_at + RECORD_WORDS : 2].tolist()
        answered = self.words[place.cells_at : place.cells_at + self.columns * CELL_WORDS].tolist()[1::CELL_WORDS]
        return max(*times, *answered) <= now - SECOND


def _key(account_id: str) -> tuple[int, int]:
    """The key of an account, which is not 0, and the first slot of its set."""
    digest = blake2b(account_id.encode("utf-8", "surrogatepass"), digest_size=WORD_BYTES).digest()
    key = int.from_bytes(digest, "little", signed=True) or 1
    return key, key % SETS * WAYS
