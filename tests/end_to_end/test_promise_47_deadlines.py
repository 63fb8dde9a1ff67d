"""Promise 47: connections that say nothing more are closed, and those that come meanwhile are served."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.processes import workers
from tests.end_to_end.raw_streams import silent
from tests.end_to_end.server import Server, running
from tests.eventually import eventually
from tests.promises.figure import Figure

pytestmark = pytest.mark.promise(47)

CONNECTIONS = int(os.environ.get("DEADLINE_TEST_CONNECTIONS", "100"))
DESCRIPTORS = 64
SETTINGS = {
    "HEAD_TIMEOUT_SECONDS": "2",
    "BODY_TIMEOUT_SECONDS": "2",
    "WRITE_TIMEOUT_SECONDS": "2",
    "KEEP_ALIVE_SECONDS": "2",
}
# The longest of them is that of a body: its 2 s, and 5 until the connection itself is closed.
DEADLINE_SECONDS = 7
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/tokens/count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
# Together more than the system holds for a connection.
UNREAD = 60
PAGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def few_descriptors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose worker may have few descriptors."""
    folder = tmp_path_factory.mktemp("few")
    with running(folder / "data", SETTINGS, descriptors=DESCRIPTORS) as started:
        yield started


def states(key: str) -> dict[str, Sequence[bytes]]:
    """What a client sends before it falls silent, by the state in which that leaves its connection."""
    with_key = POST + f"X-Api-Key: {key}\r\n\r\n".encode()
    return {
        "nothing sent": [],
        "half a head": [b"GET /health HTTP/1.1\r\nHost:"],
        "idle": [GET],
        "stray line end": [GET, b"\r\n"],
        "half of a second head": [GET + b"GET /h"],
        "a byte of an unread body": [POST + b"\r\nx"],
        "half a body": [with_key + b"{"],
        "replies that are not read": [PAGE] * UNREAD,
        "upgrade": [GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")],
        "error": [b"nothing of the kind\r\n\r\n"],
    }


@contextmanager
def asked_for_health(url: str) -> Iterator[Counter[str]]:
    """What /health answers during the block, on a connection of its own each time."""
    outcomes: Counter[str] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.02):
            try:
                outcomes[str(httpx2.get(f"{url}/health", timeout=5).status_code)] += 1
            except httpx2.TransportError as error:
                outcomes[repr(error)] += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield outcomes
    finally:
        over.set()
        thread.join()


def test_promise_47_few_descriptors_serve_all(few_descriptors: Server, figure: Figure) -> None:
    """With 64 descriptors and far more connections that say nothing, in every state, /health answers all the time; each
    of the connections is closed within its deadline, and the descriptors come back."""
    server = few_descriptors
    httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": server.demo_key}).raise_for_status()
    (worker,) = workers(server.process.pid)
    before = descriptors(worker)
    sent = list(states(server.demo_key).values())
    most = 0
    with ExitStack() as stack, asked_for_health(server.url) as outcomes:
        connections = []
        for place in range(CONNECTIONS):
            connections.append(stack.enter_context(silent(server.port, sent[place % len(sent)])))
            most = max(most, descriptors(worker))
        began = time.monotonic()
        # Two may be those of a call for /health, and of one that has just ended.
        eventually(lambda: descriptors(worker) <= before + 2, within=2 * DEADLINE_SECONDS)
        seconds = time.monotonic() - began
    assert most < DESCRIPTORS
    assert set(outcomes) == {"200"}, outcomes
    server.wait_for("connections.few_descriptors")
    figure(
        f"{CONNECTIONS} silent connections of {len(sent)} states, {DESCRIPTORS} descriptors (at most {most} in use): "
        f"all closed {seconds:.1f} s after the last, {outcomes['200']} of {outcomes.total()} calls of /health answered"
    )


def descriptors(pid: int) -> int:
    """How many a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
