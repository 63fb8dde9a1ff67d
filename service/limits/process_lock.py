"""A lock between the processes of one server, which the kernel frees when its holder dies."""

import fcntl
import os
import time
from typing import Final

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
