"""The whole service is killed under load, again and again, and leaves no counter without expiry."""

import os
import signal
import threading
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.load import load
from tests.end_to_end.server import Server, running
from tests.promises.figure import Figure
from tests.service.store_process import StoreProcess

KILLS = int(os.environ.get("SERVICE_TEST_KILLS", "1"))
SETTINGS = {"RATE_LIMIT_PER_SECOND": "1000000", "QUOTA_PER_MONTH": "100000000"}
CALLS = 50
PATTERN = "rl:*:q"


@pytest.mark.promise(7)
def test_a_killed_service_leaves_no_counter_for_ever(tmp_path: Path, figure: Figure) -> None:
    """However often parent and workers are killed while they count calls and failed logins, each counter has an
    expiry, no acknowledged call is missing, and the service starts again on what was left."""
    store = StoreProcess(tmp_path / "store")
    store.start()
    acknowledged = 0
    try:
        for _ in range(KILLS):
            with running(tmp_path / "data", {**SETTINGS, "REDIS_URL": store.url}, "--workers", "2") as server:
                acknowledged += killed_under_load(server)
        with store.client() as client:
            counters = list(client.scan_iter(count=1000))
            assert [key for key in counters if client.pttl(key) == -1] == []
            stored = sum(int(client.hget(key, "n") or 0) for key in client.scan_iter(PATTERN))
        assert len(counters) >= 3
        assert acknowledged <= stored
        figure(f"{KILLS} kills of the service: {acknowledged} calls acknowledged, {stored} stored")
    finally:
        store.stop()


def killed_under_load(server: Server) -> int:
    """Kill the server's processes amid calls; how many calls were acknowledged."""
    guessed = threading.Event()
    guesser = threading.Thread(target=guess, args=(server, guessed))
    with load(server.url, server.demo_key) as callers:
        guesser.start()
        callers.wait_for(CALLS)
        assert guessed.wait(timeout=30)
        os.killpg(server.process.pid, signal.SIGKILL)
    guesser.join()
    server.stop()
    return callers.number(200)


def guess(server: Server, guessed: threading.Event) -> None:
    """Log in with wrong passwords until the server is gone; `guessed` is set by the first answer."""
    while True:
        try:
            httpx2.post(f"{server.url}/api/console/session", json={"email": "ada@example.org", "password": "x" * 12})
            guessed.set()
        except httpx2.TransportError:
            return
