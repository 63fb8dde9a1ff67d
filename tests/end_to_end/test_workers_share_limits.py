"""Workers of a server share an account's rate while the store is away."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.server import Server, running
from tests.promises.figure import Figure
from tests.service.store_process import StoreProcess

WORKERS, CALLS_PER_SECOND, CALLERS, SECONDS = 4, 1, 12, 2.2


@pytest.mark.promise(10)
def test_workers_share_the_rate(tmp_path: Path, figure: Figure) -> None:
    """Four workers together admit one call a second, though one call each would be four."""
    store = StoreProcess(tmp_path)
    store.start()
    settings = {"REDIS_URL": store.url, "REDIS_TIMEOUT_SECONDS": "0.1", "RATE_LIMIT_PER_SECOND": str(CALLS_PER_SECOND)}
    with running(tmp_path / "data", settings, "--workers", str(WORKERS)) as server:
        store.stop()
        began = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as pool:
            runs = pool.map(lambda _: called(server, began + SECONDS), range(CALLERS))
            statuses = [status for run in runs for status in run]
        passed_seconds = time.monotonic() - began
    assert set(statuses) == {200, 429}
    assert statuses.count(200) <= CALLS_PER_SECOND * (int(passed_seconds) + 1)
    figure(f"{WORKERS} workers: {statuses.count(200)} of {len(statuses)} calls admitted in {passed_seconds:.1f} s")


def called(server: Server, until_seconds: float) -> list[int]:
    """The statuses of calls on a new connection each, which any worker may accept."""
    statuses, anew = [], httpx2.Limits(max_keepalive_connections=0)
    with httpx2.Client(headers={"X-Api-Key": server.demo_key}, limits=anew, timeout=30) as client:
        while time.monotonic() < until_seconds:
            statuses.append(client.get(f"{server.url}/v1/tokens/authors").status_code)
    return statuses
