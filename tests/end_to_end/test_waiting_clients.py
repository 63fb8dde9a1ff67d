"""Clients that let the service wait: a stream that is not read, a connection that is idle, a shutdown with both."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.numbers import number
from tests.end_to_end.raw_streams import HELLO, silent
from tests.end_to_end.server import Server, running
from tests.eventually import eventually
from tests.fake_upstream import MODEL, FakeUpstream, Script, fake_upstream, said

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
PAGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
PIECES = 40_000  # some 8 MB as they are sent on: more than the system holds for a connection
SHUTDOWN_SECONDS = 4


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    """One for all tests here."""
    with fake_upstream() as running_upstream:
        yield running_upstream


@pytest.fixture(scope="module")
def patient(upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for writing alone for a short time only."""
    settings = {
        "UPSTREAM_URL": upstream.url,
        "UPSTREAM_MODEL": MODEL,
        "UPSTREAM_VOCABULARY": "cl100k_base",
        "GATEWAY_MAX_OUTPUT_TOKENS": "1000000",
        "GATEWAY_DRAIN_SECONDS": "0.2",
        "WRITE_TIMEOUT_SECONDS": "1",
        "BODY_TIMEOUT_SECONDS": "60",
    }
    with running(tmp_path_factory.mktemp("patient") / "data", settings) as started:
        yield started


def test_a_stream_that_is_not_read_ends_as_if_its_caller_had_hung_up(patient: Server, upstream: FakeUpstream) -> None:
    """It is drained and charged, its hold is closed and its bytes are given back, though the connection stays open."""
    upstream.answer = lambda _: Script(said(*("x" for _ in range(PIECES))))
    with silent(patient.port, [chat(patient.demo_key, max_tokens=2 * PIECES)]):
        eventually(lambda: number(patient, "weighbridge_gateway_open_holds") == 1, within=20)
        eventually(lambda: number(patient, 'weighbridge_gateway_calls_total{outcome="caller_gone"}') == 1, within=30)
        eventually(lambda: number(patient, "weighbridge_gateway_open_holds") == 0, within=10)
        assert number(patient, "weighbridge_gateway_charged_micro_inr_total") > 0
        eventually(lambda: number(patient, "weighbridge_bytes_in_flight") == 0, within=10)


def test_a_connection_may_be_idle(patient: Server) -> None:
    """By default it stays open for longer than the 2 seconds that the server of the workers has by itself."""
    with socket.create_connection(("127.0.0.1", patient.port), timeout=20) as connection:
        connection.sendall(GET)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        time.sleep(2.5)
        connection.sendall(GET)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_shutdown_does_not_wait_for_clients(tmp_path: Path) -> None:
    """Idle connections are closed first; those whose clients send or read nothing do not outlast its time. No worker
    has to be killed."""
    settings = {
        "BODY_TIMEOUT_SECONDS": "60",
        "WRITE_TIMEOUT_SECONDS": "60",
        "SHUTDOWN_TIMEOUT_SECONDS": str(SHUTDOWN_SECONDS),
    }
    with running(tmp_path / "data", settings) as server:
        body = chat(server.demo_key).partition(b"\r\n\r\n")[0] + b"\r\n\r\n{"
        open_bodies = [silent(server.port, [body]), silent(server.port, [PAGE] * 60)]
        idle = [silent(server.port, sent) for sent in ([], [GET], [GET, b"\r\n"], [b"GET / HTTP/1.1\r\n"])]
        number(server, "weighbridge_open_files")  # a call that is answered after those before it have come in
        began = time.monotonic()
        server.process.terminate()
        for connection in idle:
            while connection.recv(65_536):
                pass
        closed_seconds = time.monotonic() - began
        server.stop()
        seconds = time.monotonic() - began
        for connection in (*idle, *open_bodies):
            connection.close()
    assert closed_seconds < SHUTDOWN_SECONDS / 2
    assert seconds < SHUTDOWN_SECONDS * 2
    assert "SIGKILL" not in server.text


def chat(key: str, **changes: object) -> bytes:
    """A streamed call of the gateway."""
    content = json.dumps({**HELLO, **changes}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
