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
    """A process that has the lock and the first number, and is stopped; at the end of the block it is killed."""
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
    """No call waits long for a process that does not go on, and only one waits at all; its death frees the lock."""
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
    """Processes keep different numbers; that of one that was killed goes to the next."""
    lock = ProcessLock()
    with holder(lock):
        assert lock.keep_number(range(2)) == 1
        assert lock.keep_number(range(1)) is None
    assert lock.keep_number(range(2)) == 0
