"""An outage of the store as callers see it: under load it freezes, or is killed, and comes back."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.load import Answer, Load, load, percentile
from tests.end_to_end.server import Server, running
from tests.eventually import eventually
from tests.promises.figure import Figure
from tests.service.limits.script import keys
from tests.service.store_process import StoreProcess

FULL_SIZE = "PROMISES_TIMED" in os.environ
QUOTA = 100_000_000  # far more than a fast machine can call meanwhile
SETTINGS = {"RATE_LIMIT_PER_SECOND": "1000000", "QUOTA_PER_MONTH": str(QUOTA), "REDIS_TIMEOUT_SECONDS": "0.1"}
CALLS = 1_000 if FULL_SIZE else 60
KILLS = 4 if FULL_SIZE else 1  # the store's guard starts it again five times in a minute
# Each policy needs a server of its own; the limiter's own tests have all three at any size.
POLICIES = [("local", 200), ("open", 200), ("closed", 503)][: None if FULL_SIZE else 1]
LEFT = "x-quota-limit-remaining-calls"
MAX_SECONDS, MAX_SECONDS_TO_RECOVER = 0.25, 2.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A store that may be harmed."""
    process = StoreProcess(tmp_path_factory.mktemp("store"))
    process.start()
    yield process
    process.stop()


@contextmanager
def loaded(store: StoreProcess, folder: Path, policy: str) -> Iterator[tuple[Server, Load]]:
    """Two workers on that store, under load; in the end every admitted call is in the quota, once."""
    settings = {**SETTINGS, "REDIS_URL": store.url, "LIMITS_WITHOUT_REDIS": policy}
    with running(folder / "data", settings, "--workers", "2") as server:
        with load(server.url, server.demo_key) as callers:
            callers.wait_for(CALLS)
            yield server, callers
        assert booked(store, server) == callers.number(200)


def booked(store: StoreProcess, server: Server) -> int:
    """The calls of this month that the store holds for the only account of a server that has just been loaded."""
    left = httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": server.demo_key}).headers[LEFT]
    with store.client() as client:
        (quota_key,) = client.keys(keys("*")[1])
        counted = int(client.hget(quota_key, "n") or 0)
        client.flushdb()
    assert QUOTA - int(left) == counted
    return counted - 1


def seconds_to_recover(callers: Load, since_seconds: float) -> float:
    """From a moment until limits were shared again by all workers, for good."""

    def are_shared() -> bool:
        answers = callers.wait_for(200, time.monotonic())
        return all(LEFT in answer.headers for answer in answers)

    eventually(are_shared, within=60)
    alone = [answer.ended_at_seconds for answer in callers.answers if LEFT not in answer.headers]
    return max(max(alone, default=0.0) - since_seconds, 0.0)


@pytest.mark.timed
@pytest.mark.promise(10, 11)
@pytest.mark.parametrize(("policy", "status"), POLICIES)
def test_a_frozen_store(store: StoreProcess, tmp_path: Path, policy: str, status: int, figure: Figure) -> None:
    """While the store is frozen no call hangs and none is a 429 or 500, health is good and readiness names the fault;
    when it goes on, limits are shared again, and the calls that were admitted meanwhile are in the quota."""
    with loaded(store, tmp_path, policy) as (server, callers):
        store.freeze()
        frozen_at = time.monotonic()
        answers = callers.wait_for(CALLS, frozen_at)
        assert httpx2.get(f"{server.url}/health").status_code == 200
        ready = httpx2.get(f"{server.url}/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "degraded")
        store.thaw()
        recovered = seconds_to_recover(callers, time.monotonic())
    assert {answer.status for answer in answers} == {status}
    assert callers.statuses() == {200, status}
    assert all(answer.headers["Retry-After"] == "1" for answer in callers.answers if answer.status == 503)
    assert not FULL_SIZE or (percentile(answers, 0.99) < MAX_SECONDS and recovered < MAX_SECONDS_TO_RECOVER)
    figure(f"{policy}: {durations(answers)}, shared again {recovered:.1f} s after")


@pytest.mark.promise(8, 9)
def test_a_killed_store(store: StoreProcess, tmp_path: Path, figure: Figure) -> None:
    """The store is killed under load and comes back, again and again: callers see nothing but 200, and every
    acknowledged call is in the quota."""
    with loaded(store, tmp_path, "local") as (_, callers):
        for _ in range(KILLS):
            store.kill()
            killed_at = time.monotonic()
            callers.wait_for(CALLS, killed_at)
            seconds_to_recover(callers, killed_at)
            store.find()
        with store.client() as client:
            client.script_flush()
        callers.wait_for(CALLS, time.monotonic())
    assert callers.statuses() == {200}
    figure(f"{callers.number(200)} calls acknowledged, all of them stored, through {KILLS} kill -9 and a script flush")


def durations(answers: list[Answer]) -> str:
    """Return a sentence about the durations of calls, for the report."""
    slowest = max(answer.seconds for answer in answers)
    return f"99 % of {len(answers)} calls within {percentile(answers, 0.99) * 1000:.0f} ms, all {slowest * 1000:.0f} ms"
