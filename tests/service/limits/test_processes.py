"""Several client processes share one account."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

import pytest

from tests.eventually import eventually
from tests.promises.figure import Figure
from tests.service.store_process import StoreProcess

SKEWS_SECONDS = (0, 0, 0, 0, 3600, -3600)  # of the hosts' clocks
SECONDS = float(os.environ.get("LIMITER_TEST_SECONDS", "2.2"))
KILLS = int(os.environ.get("LIMITER_TEST_KILLS", "4"))
QUOTAS = (37, 5000) if "PROMISES_TIMED" in os.environ else (37,)
SECOND = 1_000_000


def start(
    url: str, account_id: str, seconds: float, per_second: int, per_month: int, skew_seconds: int = 0
) -> subprocess.Popen[str]:
    """Start a client process."""
    words = [url, account_id, str(seconds), str(per_second), str(per_month), str(skew_seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.service.limits.calling_process", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def begin(process: subprocess.Popen[str]) -> None:
    """Make a ready process begin to call."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    """Wait until the process has a connection."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def race(processes: Sequence[subprocess.Popen[str]]) -> list[list[int]]:
    """Start all processes together; return the instants at which each was admitted."""
    for process in processes:
        wait_until_ready(process)
    for process in processes:
        begin(process)
    return [json.loads(process.communicate()[0]) for process in processes]


def test_never_more_and_never_fewer_than_ten_a_second(store: StoreProcess, account_id: str, figure: Figure) -> None:
    """Six processes get at most 10 calls in any half-open second of the store's clock, and all of those 10, though
    the clocks of two hosts are wrong by an hour."""
    runs = race([start(store.url, account_id, SECONDS, 10, 10**6, skew) for skew in SKEWS_SECONDS])
    admitted = sorted(instant for run in runs for instant in run)
    assert all(later - earlier >= SECOND for earlier, later in zip(admitted, admitted[10:], strict=False))
    assert len(admitted) >= 10 * int(SECONDS)
    figure(f"{len(SKEWS_SECONDS)} processes, 2 with wrong clocks: {len(admitted)} admitted in {SECONDS:g} s")


@pytest.mark.parametrize("quota", QUOTAS)
def test_quota_is_exact_when_processes_race(store: StoreProcess, account_id: str, quota: int, figure: Figure) -> None:
    """Six concurrent processes together make exactly as many calls as the quota, with wrong clocks or without."""
    runs = race([start(store.url, account_id, 60, 10**6, quota, skew) for skew in SKEWS_SECONDS])
    assert sum(len(run) for run in runs) == quota
    figure(f"{len(SKEWS_SECONDS)} processes got exactly {quota}")


def test_killed_clients_leave_no_key_without_expiry(store: StoreProcess, account_id: str, figure: Figure) -> None:
    """However a client dies, each of its account's keys expires."""
    processes = [start(store.url, f"{account_id}-{n}", 60, 10**6, 10**9) for n in range(KILLS)]
    with store.client() as client:
        for n, process in enumerate(processes):
            wait_until_ready(process)
            begin(process)
            eventually(partial(client.exists, f"rl:{{{account_id}-{n}}}:q"), within=60)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        found = list(client.scan_iter("rl:*", count=1000))
        assert len(found) >= KILLS
        assert not [key for key in found if client.pttl(key) == -1]
    figure(f"{KILLS} kills of clients: none of {len(found)} counters without expiry")
