"""Promises 43 and 44: trailers and heads without end take no memory, and no trailer is a header."""

import contextlib
import os
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.processes import peak_bytes, workers
from tests.end_to_end.server import Server
from tests.eventually import eventually
from tests.promises.figure import Figure

TRAILER_BYTES = int(os.environ.get("TRAILER_TEST_BYTES", "20000000"))
HEADS = int(os.environ.get("HEAD_TEST_CONNECTIONS", "100"))
HEAD_BYTES = 250_000
ALLOWANCE_BYTES = 20_000_000
CHUNKED = (
    b"POST /v1/tokens/count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n"
)
BODY = b'{"input": "hello", "type": "text", "models": ["gpt-4o"]}'
CHUNK = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)


@pytest.fixture(scope="module", autouse=True)
def warm(server: Server) -> None:
    """Both workers have answered: what they hold from then on is the test's."""
    eventually(lambda: len(workers(server.process.pid)) == 2, within=30)
    for _ in range(20):
        httpx2.get(f"{server.url}/v1/tokens/authors")


def memory(server: Server) -> int:
    """What the workers hold together now; the most that they hold is counted from here."""
    for worker in workers(server.process.pid):
        Path(f"/proc/{worker}/clear_refs").write_text("5")
    return most_memory(server)


def most_memory(server: Server) -> int:
    """The most that the workers held since."""
    return sum(map(peak_bytes, workers(server.process.pid)))


def said(connection: socket.socket) -> bytes:
    """All that the server says until it closes."""
    reply = b""
    with contextlib.suppress(ConnectionError):
        while chunk := connection.recv(65536):
            reply += chunk
    return reply


@pytest.mark.promise(43)
def test_promise_43_trailers_without_end(server: Server, figure: Figure) -> None:
    """Trailers are refused over a bound, and take no memory below it, however many requests have some."""
    before = memory(server)
    sent_bytes = 0
    few = b"".join(b"t%d: %s\r\n" % (place, b"x" * 200) for place in range(30))
    request = CHUNKED + b"\r\n" + CHUNK + few + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        replies = connection.makefile("rb")
        while sent_bytes < TRAILER_BYTES // 2:
            connection.sendall(request)
            assert replies.readline().startswith(b"HTTP/1.1 400 ")  # there is no key
            length = 0
            while (line := replies.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                length = int(value) if name == b"content-length" else length
            replies.read(length)
            sent_bytes += len(few)
    line = b"a: " + b"x" * 1_000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(CHUNKED + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
        connection.sendall(CHUNK)
        with contextlib.suppress(OSError):
            for _ in range(TRAILER_BYTES // 2 // len(line)):
                connection.sendall(line)
                sent_bytes += len(line)
            raise AssertionError("the server took all of the trailers")
    most = most_memory(server) - before
    assert most < ALLOWANCE_BYTES
    figure(
        f"{sent_bytes / 1e6:.0f} MB of trailers taken on two connections; memory grew by {max(0, most) / 1e6:.1f} MB"
    )


@pytest.mark.promise(43)
def test_promise_43_no_trailer_is_a_header(server: Server) -> None:
    """A key in a trailer is none, and the request after it is answered."""
    trailers = f"X-Api-Key: {server.demo_key}\r\nAuthorization: Bearer {server.demo_key}\r\nTe: x\r\n\r\n"
    request = CHUNKED + b"\r\n" + CHUNK + trailers.encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = said(connection)
    assert b"Authorization header not found." in answer
    assert answer.count(b"HTTP/1.1 400 ") == 1
    assert answer.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.promise(44)
def test_promise_44_half_heads_of_short_lines(server: Server, figure: Figure) -> None:
    """A hundred connections that send thousands of short headers each are refused, and take no memory."""
    before = memory(server)
    lines = b"".join(b"a%d:\r\n" % place for place in range(HEAD_BYTES // 7))[:HEAD_BYTES]
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20)) for _ in range(HEADS)
        ]
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /v1/tokens/authors HTTP/1.1\r\nHost: x\r\n" + lines)
        answers = [said(connection) for connection in connections]
    grown = most_memory(server) - before
    assert grown < ALLOWANCE_BYTES
    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 431 ") and b'"status_code":431' in answer]
    assert len(refused) == HEADS
    figure(
        f"{HEADS} heads of {len(lines)} bytes: memory grew by {max(0, grown) / 1e6:.1f} MB, {len(refused)} answered 431"
    )
