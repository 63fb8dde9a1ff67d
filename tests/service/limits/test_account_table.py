"""The lock of a server's workers, held by real processes that are stopped and killed."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.limits import ProcessLock

SOON_SECONDS = 0.05


@contextmanager
def holder(lock: ProcessLock) -> Iterator[int]:
    """Yield a stopped process that has the lock and the first number; it is killed at the end of the block."""
    process = os.fork()
    if process == 0:
        lock.acquire()
        lock.keep_number(range(2))
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(1)
    os.waitpid(process, os.WUNTRACED)
    yield process
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def test_stopped_holder_is_waited_for_once() -> None:
    """No call waits long for a stopped process, and only one call waits; the process's death frees the lock."""
    lock = ProcessLock()
    with holder(lock):
        began = time.monotonic()
        assert not lock.acquire()
        assert time.monotonic() - began < 0.25
        began = time.monotonic()
        assert not lock.acquire()
        assert time.monotonic() - began < SOON_SECONDS
    assert lock.acquire()
    lock.release()


def test_number_of_a_killed_process_is_free() -> None:
    """Processes keep different numbers; the number of a killed process goes to the next one."""
    lock = ProcessLock()
    with holder(lock):
        assert lock.keep_number(range(2)) == 1
        assert lock.keep_number(range(1)) is None
    assert lock.keep_number(range(2)) == 0
