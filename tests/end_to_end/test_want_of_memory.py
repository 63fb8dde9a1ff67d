"""A worker that gets no more memory says 503, and goes on when there is some."""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.processes import workers
from tests.end_to_end.server import Server, running
from tests.little_memory import limit_memory

# The normal form of so many characters is given 144 MB.
MODEL = "bge-m3"
TEXT = "a" * 12_000_000
ROOM_BYTES = 20_000_000
SMALL = "weighbridge"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of another process")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one worker."""
    settings = {
        **SETTINGS,
        "MAX_BODY_BYTES": "16000000",
        "MAX_TEXT_CHARACTERS": "12000000",
        "MAX_EXPANDED_BYTES": "12000000",
    }
    with running(tmp_path_factory.mktemp("narrow") / "data", settings) as started:
        yield started


def test_a_count_without_memory_is_unavailable_and_logged(server: Server) -> None:
    """A large text is a 503 with Retry-After while small ones are counted, and is counted when there is memory."""
    before = count(server, SMALL), count(server, "a" * 300_000)
    assert [answer.status_code for answer in before] == [200, 200]
    with little_memory(server):
        refused = count(server, TEXT)
        small = count(server, SMALL)
    assert (refused.status_code, refused.headers.get("Retry-After")) == (503, "1"), refused.text
    assert refused.json()["message"] == "Service temporarily unavailable."
    assert small.status_code == 200
    assert count(server, TEXT).status_code == 200
    server.wait_for("out_of_resources")


def count(server: Server, text: str) -> httpx2.Response:
    """One count, on a connection of its own."""
    body = json.dumps({"input": text, "type": "text", "models": [MODEL]})
    headers = {"X-Api-Key": server.demo_key, "Content-Type": "application/json"}
    return httpx2.post(f"{server.url}/v1/tokens/count", content=body, headers=headers, timeout=60)


@contextmanager
def little_memory(server: Server) -> Iterator[None]:
    """For the time of the block the worker may have little more address space than it has."""
    (worker,) = workers(server.process.pid)
    limits = limit_memory(ROOM_BYTES, worker)
    try:
        yield
    finally:
        resource.prlimit(worker, resource.RLIMIT_AS, limits)
