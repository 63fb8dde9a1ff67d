"""A caller on a bare socket, who may hang up or read slowly."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.service.gateway.served_gateway import CHAT, HELLO, Caller


def body_of_a_stream() -> bytes:
    """The body that `calling` sends."""
    return json.dumps({**HELLO, "stream": True}).encode()


@contextmanager
def calling(
    caller: Caller,
    headers: Mapping[str, str] | None = None,
    receive_buffer_bytes: int | None = None,
    body: bytes | None = None,
) -> Iterator[socket.socket]:
    """A call under way, streamed unless it has another body, until the block ends: then the connection is closed."""
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
    """What comes, up to and with `mark`."""
    received = bytearray()
    while mark not in received[-len(mark) - 262_144 :]:
        piece = connection.recv(262_144)
        assert piece, received
        received += piece
    return bytes(received)
