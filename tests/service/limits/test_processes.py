"""Several client processes share one account."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from tests.service.store_process import StoreProcess

PROCESSES = 6
SECONDS = float(os.environ.get("LIMITER_TEST_SECONDS", "3.2"))
KILLS = int(os.environ.get("LIMITER_TEST_KILLS", "4"))
SECOND = 1_000_000


def start(url: str, account_id: str, seconds: float, per_second: int, per_month: int) -> subprocess.Popen[str]:
    """A client process, about to be ready."""
    words = [url, account_id, str(seconds), str(per_second), str(per_month)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.service.limits.calling_process", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def begin(process: subprocess.Popen[str]) -> None:
    """Let a process that is ready call."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    """Until it has a connection."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def race(processes: Sequence[subprocess.Popen[str]]) -> list[list[int]]:
    """Start all at once; the instants at which each was admitted."""
    for process in processes:
        wait_until_ready(process)
    for process in processes:
        begin(process)
    return [json.loads(process.communicate()[0]) for process in processes]


def test_never_more_and_never_fewer_than_ten_a_second(store: StoreProcess, account_id: str) -> None:
    """Six processes get at most 10 calls in any half-open second of the store's clock, and all of those 10."""
    runs = race([start(store.url, account_id, SECONDS, 10, 10**6) for _ in range(PROCESSES)])
    admitted = sorted(instant for run in runs for instant in run)
    assert all(later - earlier >= SECOND for earlier, later in zip(admitted, admitted[10:], strict=False))
    assert len(admitted) >= 10 * int(SECONDS)


def test_quota_is_exact_when_processes_race(store: StoreProcess, account_id: str) -> None:
    """Of a quota of 37 calls, six racing processes get exactly 37 together."""
    runs = race([start(store.url, account_id, 60, 10**6, 37) for _ in range(PROCESSES)])
    assert sum(len(run) for run in runs) == 37


def test_killed_clients_leave_no_key_without_expiry(store: StoreProcess, account_id: str) -> None:
    """However a client dies, each of its account's keys goes away by itself."""
    processes = [start(store.url, f"{account_id}-{n}", 60, 10**6, 10**9) for n in range(KILLS)]
    with store.client() as client:
        for n, process in enumerate(processes):
            wait_until_ready(process)
            begin(process)
            while not client.exists(f"rl:{{{account_id}-{n}}}:q"):
                pass
            process.send_signal(signal.SIGKILL)
            process.communicate()
        found = list(client.scan_iter("rl:*", count=1000))
        assert len(found) >= KILLS
        assert not [key for key in found if client.pttl(key) == -1]
