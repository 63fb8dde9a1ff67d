"""Streamed calls on bare sockets."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

HELLO: dict[str, Any] = {"model": "cipher", "messages": [{"role": "user", "content": "hello"}], "stream": True}


@contextmanager
def stream_opened(port: int, key: str, **changes: Any) -> Iterator[socket.socket]:
    """A call under way; at the end of the block its caller hangs up. The connection is for this call alone."""
    body = json.dumps({**HELLO, **changes}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        yield connection


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    """What comes, up to and with `mark` or to the end."""
    received = bytearray()
    while mark not in received and (piece := connection.recv(65_536)):
        received += piece
    return bytes(received)


def read_all(connection: socket.socket) -> bytes:
    """What comes, to the end."""
    received = bytearray()
    while piece := connection.recv(65_536):
        received += piece
    return bytes(received)


def answered(port: int, key: str, *, until: bytes) -> bytes:
    """What a new call gets, up to a mark; then its caller hangs up."""
    with stream_opened(port, key) as connection:
        return read_until(connection, until)
