"""A caller on a plain socket, who may hang up or read slowly."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.service.gateway.served_gateway import CHAT, HELLO, Caller


def body_of_a_stream() -> bytes:
    """Return the body that `calling` sends by default."""
    return json.dumps({**HELLO, "stream": True}).encode()


@contextmanager
def calling(
    caller: Caller,
    headers: Mapping[str, str] | None = None,
    receive_buffer_bytes: int | None = None,
    body: bytes | None = None,
) -> Iterator[socket.socket]:
    """Make a call, streamed unless another body is given; the connection is closed at the end of the block."""
    body = body_of_a_stream() if body is None else body
    head = [
        f"POST {CHAT} HTTP/1.1",
        "Host: test",
        f"X-API-Key: {caller.secret}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
        "",
        "",
    ]
    with socket.socket() as connection:
        if receive_buffer_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", caller.gateway.server.port))
        connection.sendall("\r\n".join(head).encode() + body)
        yield connection


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    """Return the received bytes up to and including `mark`."""
    received = bytearray()
    while mark not in received[-len(mark) - 262_144 :]:
        piece = connection.recv(262_144)
        assert piece, received
        received += piece
    return bytes(received)
