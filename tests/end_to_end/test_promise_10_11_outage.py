"""Promises 10 and 11 as callers see them: a store that freezes and comes back."""

import os
import time
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.conftest import Figure
from tests.end_to_end.server import Server, running
from tests.service.store_process import StoreProcess

pytestmark = pytest.mark.promise(10, 11)

# More than a fast machine can call while it waits for the store.
QUOTA = 1_000_000
SETTINGS = {"RATE_LIMIT_PER_SECOND": "1000000", "QUOTA_PER_MONTH": str(QUOTA)}
CALLS = 40
POLICIES = [("local", {200}), ("open", {200}), ("closed", {503})]
if "PROMISES_TIMED" not in os.environ:
    del POLICIES[1:]  # each needs a server of its own, and the limiter's own tests have all three


@pytest.mark.parametrize(("policy", "statuses"), POLICIES)
def test_promise_10_11_a_frozen_store(tmp_path: Path, policy: str, statuses: set[int], figure: Figure) -> None:
    """While the store is frozen no call hangs or is a 429, health is good and readiness names the fault; afterwards
    the calls that were admitted meanwhile are in the quota."""
    store = StoreProcess(tmp_path / "store")
    store.start()
    try:
        settings = {**SETTINGS, "REDIS_URL": store.url, "LIMITS_WITHOUT_REDIS": policy}
        with running(tmp_path / "data", settings) as server, caller(server) as client:
            assert client.get("/v1/tokens/authors").status_code == 200
            store.freeze()
            seconds, answers = [], []
            for _ in range(CALLS):
                began = time.monotonic()
                answers.append(client.get("/v1/tokens/authors"))
                seconds.append(time.monotonic() - began)
            assert {answer.status_code for answer in answers} == statuses
            assert all(answer.headers["Retry-After"] == "1" for answer in answers if answer.status_code == 503)
            assert client.get("/health").status_code == 200
            ready = client.get("/ready")
            assert (ready.status_code, ready.json()["status"]) == (503, "degraded")
            store.thaw()
            left, admitted_since = quota_left(client)
        admitted = 1 + admitted_since + (CALLS if 200 in statuses else 0)
        assert left == QUOTA - admitted
        figure(f"{policy}: slowest call {max(seconds) * 1000:.0f} ms")
    finally:
        store.stop()


def caller(server: Server) -> httpx2.Client:
    """A client with the demo key."""
    return httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}, timeout=30)


def quota_left(client: httpx2.Client) -> tuple[int, int]:
    """What is left once the service shares its limits again, and the calls that were admitted to find out."""
    admitted = 0
    while True:
        answer = client.get("/v1/tokens/authors")
        admitted += answer.status_code == 200
        if "X-Quota-Limit-Remaining-Calls" in answer.headers:
            return int(answer.headers["X-Quota-Limit-Remaining-Calls"]), admitted
