"""Replies leave the service's HTTP protocol as they leave the one that it is made from."""

import asyncio
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.http_protocol import BoundedHeads, QuickHeads
from tests.served import Served, served

LENGTH = (b"content-length", b"4")


def start(*headers: tuple[bytes, bytes], status: int = 200) -> Message:
    """The head of a reply."""
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content: bytes, *, more: bool = False) -> Message:
    """A part of its body."""
    return {"type": "http.response.body", "body": content, "more_body": more}


# By path, what the application sends.
REPLIES: dict[str, list[Message]] = {
    "/usual": [start((b"x-a", b"1"), (b"x-a", b"2"), LENGTH), body(b"abcd")],
    "/parts": [start(LENGTH), body(b"ab", more=True), body(b"", more=True), body(b"cd")],
    "/empty": [start((b"content-length", b"0"), status=404), body(b"")],
    "/chunked": [start((b"x-a", b"1")), body(b"ab", more=True), body(b"cd")],
    "/closing": [start(LENGTH, (b"connection", b"close")), body(b"abcd")],
    "/nothing": [start(status=204), body(b"")],
    "/bad-value": [start(LENGTH, (b"x-a", b"1\r\nx-b: 2")), body(b"abcd")],
    "/bad-name": [start(LENGTH, (b"x a", b"1")), body(b"abcd")],
    "/too-long": [start(LENGTH), body(b"abcde")],
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends what the path asks for."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    for message in REPLIES[scope["path"]]:
        await send(message)
        await asyncio.sleep(0)


def exchange(server: Served, request: bytes) -> bytes:
    """All that comes back until the server closes, without the date."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return re.sub(rb"date: [^\r]+", b"date: now", b"".join(parts))


class Bounded(BoundedHeads):
    """The service's protocol, which has no access log of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, head_timeout_seconds=10.0, **kwargs)
        self.access_log = False


@pytest.fixture(scope="module")
def base() -> Iterator[Served]:
    """The application behind uvicorn's protocol."""
    with served(app) as server:
        yield server


@pytest.fixture(scope="module")
def ours() -> Iterator[Served]:
    """The application behind the service's."""
    with served(app, Bounded) as server:
        yield server


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
@pytest.mark.parametrize("path", REPLIES)
def test_replies_are_the_bases_own(base: Served, ours: Served, path: str, method: bytes, version: bytes) -> None:
    """Byte for byte, also of two requests in one piece; what the base refuses to send is refused."""
    one = b"%b %b HTTP/%b\r\nHost: a\r\n%b\r\n"
    request = b"".join(one % (method, path.encode(), version, close) for close in (b"", b"Connection: close\r\n"))
    assert exchange(ours, request) == exchange(base, request)


def test_head_and_body_leave_together(ours: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A usual reply is one write."""
    held = []
    hold = QuickHeads._hold_head

    def watched(self: QuickHeads, message: Message) -> bool:
        held.append(hold(self, message))
        return held[-1]

    monkeypatch.setattr(QuickHeads, "_hold_head", watched)
    exchange(ours, b"GET /usual HTTP/1.1\r\n\r\nGET /usual HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert held == [True, False]
