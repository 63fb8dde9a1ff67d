"""While the store is unreachable the workers of one server share one allowance."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.promises.figure import Figure
from tests.service.limits.script import keys
from tests.service.store_process import StoreProcess

NOWHERE = "unix:///nonexistent/valkey.sock"
SECONDS = float(os.environ.get("LIMITER_TEST_SECONDS", "2.2"))
EVERY_SIZE = [(workers, per_second) for workers in (1, 4, 6) for per_second in (1, 3, 10)]
SIZES = EVERY_SIZE if "PROMISES_TIMED" in os.environ else [(4, 1), (4, 3), (6, 10)]
MANY = 10**6
# The clocks of the store and of workers, which follow it by its replies, differ by as much as a reply may take.
LATE_MICROSECONDS = 50_000


class Workers:
    """A server's workers, which take turns."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def turn(self, words: str) -> list[int]:
        """Return the instants at which calls were admitted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()
        admitted: list[int] = json.loads(self._process.stdout.readline())
        return admitted


@contextmanager
def workers_on(url: str, account_id: str, number: int, per_second: int, per_month: int = MANY) -> Iterator[Workers]:
    """Yield workers that call the store at `url`; at the end each has closed its limiter."""
    words = [url, account_id, str(number), str(per_second), str(per_month)]
    command = [sys.executable, "-m", "tests.service.limits.sharing_workers", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Workers(process)
        assert process.communicate("close\n", timeout=30)[0] == ""
    assert process.returncode == 0


def most_in_a_second(instants: list[int], second: int = 1_000_000) -> int:
    """Return the largest number of calls in any half-open second."""
    ordered = sorted(instants)
    return max(sum(at <= other < at + second for other in ordered) for at in ordered)


@pytest.mark.promise(10)
@pytest.mark.parametrize(("number", "per_second"), SIZES)
def test_workers_share_the_rate(number: int, per_second: int, figure: Figure) -> None:
    """However many workers there are, and also where there are more of them than calls, they are admitted as many calls
    in any second as the account may make, and not fewer."""
    with workers_on(NOWHERE, "a", number, per_second) as workers:
        instants = workers.turn(f"call {MANY} {SECONDS}")
    assert most_in_a_second(instants) <= per_second
    assert len(instants) >= per_second * int(SECONDS)
    figure(f"{number} workers without Redis: {len(instants)} of {per_second} a second in {SECONDS:g} s")


@pytest.mark.promise(10)
def test_killed_worker_leaves_the_others_their_allowance(figure: Figure) -> None:
    """Workers are killed at every write to what they share: others go on immediately, their replacements join,
    and no second has more calls than the account may make."""
    with workers_on(NOWHERE, "a", 3, 10) as workers:
        instants = workers.turn(f"call {MANY} 0.1")
        for write in range(1, 7):
            instants += workers.turn(f"die {write}")
            instants += workers.turn(f"call {MANY} 0.1")
        later = workers.turn(f"call {MANY} 1.3")
    assert most_in_a_second(instants + later) <= 10
    assert len(later) >= 10
    figure("6 kills of a worker while it writes: no call too many, none of the others held up")


@pytest.mark.promise(10, 11)
def test_workers_share_what_is_left_of_the_quota(own_store: StoreProcess, figure: Figure) -> None:
    """Of a quota of which one worker knows the rest, all together are admitted just that rest while the store is away;
    afterwards the store holds the quota, each call once, and a second outage begins with nothing left."""
    with workers_on(own_store.url, "a", 4, MANY, 37) as workers:
        assert len(workers.turn("first 30 5")) == 30
        own_store.stop()
        assert len(workers.turn("call 100 3")) == 7
        own_store.start()
        assert len(workers.turn("call 100 0.5")) == 0
        own_store.stop()
        assert len(workers.turn("call 100 0.5")) == 0
        own_store.start()
    with own_store.client() as client:
        assert int(client.hget(keys("a")[1], "n") or 0) == 37
    figure("4 workers got exactly the 7 calls that were left of 37")


@pytest.mark.promise(10)
def test_an_outage_does_not_begin_a_second_anew(own_store: StoreProcess) -> None:
    """Calls that the store admitted just before it became unreachable count in the current second."""
    with workers_on(own_store.url, "a", 4, 10) as workers:
        before = workers.turn("first 10 5")
        own_store.kill()
        during = workers.turn(f"call {MANY} 1.5")
    assert len(before) == 10
    assert len(during) >= 10
    assert most_in_a_second(before + during, 1_000_000 - LATE_MICROSECONDS) <= 10
