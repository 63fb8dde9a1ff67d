"""Counting in many threads, also in processes that are forked meanwhile."""

import subprocess
import sys
import threading

import pytest

from tests.promises.figure import Figure
from tokenizer_registry import Registry

HERE = __name__.rpartition(".")[0]
WITHIN_SECONDS = 100
SHORT_THREADS = 200
FORKS = 5


def printed(module: str, argument: int) -> str:
    """Return the output of a program of this folder, run in a process of its own because it may hang."""
    command = [sys.executable, "-m", f"{HERE}.{module}", str(argument)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=WITHIN_SECONDS).stdout.strip()


@pytest.mark.promise(49)
@pytest.mark.parametrize("threads", [4, 64, 200])
def test_no_number_of_threads_waits_for_itself(threads: int, figure: Figure) -> None:
    """Each thread begins a count while its first waits for all other threads': all counts end, and are correct."""
    assert printed("counting_threads", threads) == f"{threads} of {threads}"
    figure(f"{threads} threads")


@pytest.mark.promise(49)
def test_a_child_counts_whatever_its_parents_threads_did_at_the_fork() -> None:
    """A process that is forked while threads count in the C library has all its slots free, and counts correctly."""
    assert printed("counting_forks", FORKS) == f"{FORKS} of {FORKS}"


@pytest.mark.promise(49)
def test_threads_may_come_and_go() -> None:
    """Two hundred threads, each of which counts once and ends, hold no resource that others would wait for."""
    vocabulary = Registry.from_package().vocabulary("qwen2")
    text = "Reseau e\u0301 x\u0327\u0301 " * 20
    expected, found = vocabulary.count(text), []
    for _ in range(SHORT_THREADS):
        thread = threading.Thread(target=lambda: found.append(vocabulary.count(text)))
        thread.start()
        thread.join()
    assert found == [expected] * SHORT_THREADS
