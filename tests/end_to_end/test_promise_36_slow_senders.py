"""Promise 36: slow senders do not take the service down."""

import contextlib
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest

from tests.end_to_end.server import Server
from tests.promises.figure import Figure

pytestmark = pytest.mark.promise(36)

SENDERS = 200


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for the sockets of all senders."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_promise_36_others_are_served_and_the_slow_let_go(server: Server, many_files: None, figure: Figure) -> None:
    """Beside 200 half heads and 200 bodies that never end, others are served; then all the slow ones are let go: the
    bodies with a 408, the heads without a word."""
    body_head = (
        f"POST /v1/tokens/count HTTP/1.1\r\nHost: x\r\nX-Api-Key: {server.demo_key}\r\n"
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"input":'
    ).encode()
    with ExitStack() as sockets:

        def connected(begun: bytes) -> socket.socket:
            connection = sockets.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            connection.sendall(begun)
            return connection

        heads = [connected(b"GET /health HTTP/1.1\r\nHost: x\r\n") for _ in range(SENDERS)]
        bodies = [connected(body_head) for _ in range(SENDERS)]
        served = [
            httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": server.demo_key}) for _ in range(20)
        ]
        assert {answer.status_code for answer in served} == {200}
        replies = [said(connection) for connection in bodies]
        assert {reply.split()[1] for reply in replies} == {b"408"}
        assert {said(connection) for connection in heads} == {b""}
    figure(f"20 calls served beside {SENDERS} half heads and {SENDERS} slow bodies")


def said(connection: socket.socket) -> bytes:
    """All that the server says until it closes."""
    reply = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            reply += chunk
    return reply
