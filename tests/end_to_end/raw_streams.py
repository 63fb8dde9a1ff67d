"""Calls on bare sockets."""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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


def silent(port: int, sent: Sequence[bytes]) -> socket.socket:
    """A connection that sent this, a piece at a time, and reads nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", port))
    with suppress(ConnectionError):  # closed already, to make room
        for piece in sent:
            connection.sendall(piece)
            time.sleep(0.003 if len(sent) > 1 else 0)
    return connection
