"""Accounts in memory that the workers of one server share, for limits while the shared counters cannot be reached."""

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from random import sample
from typing import Final, NamedTuple

# The holder of the lock may wait for a processor. If it is stopped, callers wait once, and then not for a while.
MAX_WAIT_SECONDS: Final = 0.15
NO_WAIT_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.0002


class ProcessLock:
    """A lock between the processes of one server, held for microseconds, and numbers of which each may keep one.

    Create it before the fork. Record locks belong to a process, so each one that is forked has its own.
    """

    def __init__(self) -> None:
        # A file in memory: it depends on no disk and no path.
        self._file = os.memfd_create("weighbridge-limits")
        self._no_wait_until = 0.0

    def keep_number(self, numbers: range) -> int | None:
        """Take the first number that no living process keeps, for as long as this one lives; None if there is none."""
        return next((number for number in numbers if self._locks_byte(1 + number)), None)

    def acquire(self) -> bool:
        """Take the lock and return True; return False if its holder does not release it, as a stopped process."""
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
        """Release the lock."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 0)

    def _locks_byte(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True


SETS, WAYS = 128, 32
WORD_BYTES: Final = 8
# A record: the month of its unbooked calls, their number, and pairs of a time and a number of calls.
CALL_RECORDS: Final = 16
RECORD_WORDS: Final = 2 + 2 * CALL_RECORDS
# A cell for each worker: the latest numbers of the shared counters, as `service.limits.fallback.KnownUsage`.
CELL_WORDS: Final = 4
# For workers that start before the ones that they replace have ended.
SPARE_COLUMNS: Final = 2
SECOND_MICROSECONDS: Final = 1_000_000
# Slots that are tried for an account that is new to a full set, where time matters.
MAX_TRIES: Final = 2


class TableSlot(NamedTuple):
    """Where the words of an account are. `key` is its own; another account's may replace it."""

    key_at: int
    key: int
    record_at: int
    cells_at: int


class AccountTable:
    """A set-associative table of 64-bit words. A process that is killed at any point leaves nothing that admits more.

    Create it before the fork, with a lock. Without a lock it is for one process.
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
            memory.write(bytes(size_bytes))  # allocates the memory now, so that it cannot be missing later
        self.words = memoryview(memory).cast("q")

    def join(self) -> None:
        """Take a column of cells for this process; call it after the fork."""
        if self._lock is not None:
            self.column = self._lock.keep_number(range(self.columns))

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Lock the table; yield whether that succeeded."""
        if self._lock is None:
            yield True
            return
        is_locked = self._lock.acquire()
        try:
            yield is_locked
        finally:
            if is_locked:
                self._lock.release()

    def find(self, account_id: str) -> TableSlot | None:
        """Return the slot of an account, or None if it has none. The table must be locked."""
        key, first = _key(account_id)
        row = self.words[first : first + WAYS].tolist()
        return self._slot(first + row.index(key), key) if key in row else None

    def find_or_create(self, account_id: str, now: int, max_tries: int = WAYS) -> TableSlot | None:
        """Return the slot of an account, if need be that of one without calls for a second, or None if all have calls.

        The table must be locked. `now` is the monotonic time in microseconds. Accounts without unbooked calls are
        replaced first.
        """
        key, first = _key(account_id)
        row = self.words[first : first + WAYS].tolist()
        if key in row:
            return self._slot(first + row.index(key), key)
        if 0 in row:
            return self._create(first + row.index(0), key)
        tried = [self._slot(first + way, row[way]) for way in sample(range(WAYS), max_tries)]
        idle = [slot for slot in tried if self._is_idle(slot, now)]
        if not idle:
            return None
        return self._create(min(idle, key=lambda slot: self.words[slot.record_at + 1]).key_at, key)

    def _slot(self, key_at: int, key: int) -> TableSlot:
        record_at = self._records_at + key_at * RECORD_WORDS
        return TableSlot(key_at, key, record_at, self._cells_at + key_at * self.columns * CELL_WORDS)

    def _create(self, key_at: int, key: int) -> TableSlot:
        """Clear a slot, in an order in which a process that dies in between leaves no account with another's words."""
        slot = self._slot(key_at, key)
        self.words[key_at] = 0
        for at, number in ((slot.record_at, RECORD_WORDS), (slot.cells_at, self.columns * CELL_WORDS)):
            self.words[at : at + number] = memoryview(bytes(number * WORD_BYTES)).cast("q")
        self.words[key_at] = key
        return slot

    def _is_idle(self, slot: TableSlot, now: int) -> bool:
        """Return whether there was no call in the last second, here or in the shared counters."""
        times = self.words[slot.record_at + 2 : slot.record_at + RECORD_WORDS : 2].tolist()
        answered = self.words[slot.cells_at : slot.cells_at + self.columns * CELL_WORDS].tolist()[1::CELL_WORDS]
        return max(*times, *answered) <= now - SECOND_MICROSECONDS


def _key(account_id: str) -> tuple[int, int]:
    """Return the key of an account, which is not 0, and the index of the first slot of its set."""
    digest = blake2b(account_id.encode("utf-8", "surrogatepass"), digest_size=WORD_BYTES).digest()
    key = int.from_bytes(digest, "little", signed=True) or 1
    return key, key % SETS * WAYS
