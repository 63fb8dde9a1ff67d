"""Limits on what a client sends: heads, trailers, framing, and waiting requests."""

import asyncio
import re
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from service.http.protocol import MAX_FRAMING_BYTES, MAX_PIPELINED, MAX_TRAILERS
from service.http.request_limits import MAX_HEADERS, WHOLE_BODY, head_refusal
from service.http.responses import Reply
from tests.eventually import eventually_async
from tests.service.protocol_server import SHORT, protocol_server

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Application:
    """An application that answers every request, and keeps the headers and body of each."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.bodies: list[bytes] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application does."""
        self.scopes.append(scope)
        refusal = head_refusal(scope)
        if refusal is not None:
            await Reply(refusal.status, b"refused", [(b"connection", b"close")])(scope, receive, send)
            return
        body, message = b"", await receive()
        while message["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
            message = await receive()
        self.bodies.append(body)
        await self.go_on.wait()
        await Reply(200, b"answered")(scope, receive, send)


def statuses(answer: bytes) -> list[int]:
    """Return the status of each reply."""
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d{3}) ", answer)]


def header_lines(number: int) -> bytes:
    """Return so many short header lines."""
    return b"".join(b"a%d: b\r\n" % place for place in range(number))


@pytest.mark.promise(43)
async def test_trailers_are_dropped() -> None:
    """No trailer is among the headers, before or after the body is read; the next request is answered."""
    trailers = b"X-Api-Key: k\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nExpect: 100-continue\r\n\r\n"
    app = Application()
    async with protocol_server(app) as server:
        answer = await server.said(CHUNKED + b"4\r\nbody\r\n0\r\n" + trailers + LAST)
    assert statuses(answer) == [200, 200]
    assert app.bodies == [b"body", b""]
    assert app.scopes[0]["headers"] == [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
    assert (app.scopes[0]["client"][0], app.scopes[0]["scheme"]) == ("127.0.0.1", "http")


TRAILERS = {
    "many": header_lines(MAX_TRAILERS + 1) + b"\r\n",
    "long": b"a: " + b"x" * 10_000 + b"\r\n\r\n",
    "many without an end": header_lines(MAX_TRAILERS + 2),
    "one without an end": b"a: " + b"x" * 1_000_000,
    "a name without an end": b"x" * 1_000_000,
}
FRAMING = {
    "an extension without an end": b"4;a=" + b"x" * 1_000_000,
    "a size without an end": b"0" * 1_000_000,
    "extensions of small chunks": (b"1;a=" + b"x" * 1_000 + b"\r\nx\r\n") * 1_000,
}


@pytest.mark.promise(43)
@pytest.mark.parametrize("after", [*TRAILERS, *FRAMING])
@pytest.mark.parametrize("begun", [b"", b"4\r\nbody\r\n"], ids=["no body", "a body"])
async def test_what_is_no_body_is_bounded(after: str, begun: bytes) -> None:
    """Endless trailers and framing are a 400 as soon as they exceed the limit, and nothing after them is read."""
    sent = FRAMING[after] if after in FRAMING else b"0\r\n" + TRAILERS[after]
    app = Application()
    async with protocol_server(app) as server:
        reader, writer = await server.connect()
        writer.write(CHUNKED + begun)
        await asyncio.sleep(0)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 10)
    assert statuses(answer) in ([400], [])  # a client that goes on sending may lose it
    assert len(app.scopes) == 1
    assert not app.bodies or app.scopes[0].get(WHOLE_BODY) is None  # the application saw the client go


async def test_small_chunks_are_no_fault() -> None:
    """A body in chunks of one byte is read, however long it is; a chunk's size may have leading zeros."""
    app = Application()
    async with protocol_server(app) as server:
        answer = await server.said(CHUNKED + b"0001\r\nx\r\n" * (2 * MAX_FRAMING_BYTES) + b"0\r\n\r\n" + LAST)
    assert statuses(answer) == [200, 200]
    assert app.bodies[0] == b"x" * (2 * MAX_FRAMING_BYTES)


HEADS = {
    "many headers": (b"GET / HTTP/1.1\r\n" + header_lines(MAX_HEADERS + 2), 431),
    "thousands of headers": (b"GET / HTTP/1.1\r\n" + header_lines(20_000), 431),
    "long headers": (b"GET / HTTP/1.1\r\n" + b"".join(b"a%d: %s\r\n" % (n, b"x" * 1000) for n in range(40)), 431),
    "a header without an end": (b"GET / HTTP/1.1\r\nHost: x\r\na: " + b"x" * 100_000, 431),
    "a name without an end": (b"GET / HTTP/1.1\r\n" + b"x" * 100_000, 431),
    "an address without an end": (b"GET /" + b"x" * 100_000, 414),
    "a long address and headers": (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n" + header_lines(200), 414),
}


@pytest.mark.promise(44)
@pytest.mark.parametrize(
    "before", [b"", GET, CHUNKED + b"4\r\nbody\r\n0\r\n\r\n"], ids=["first", "second", "after a body"]
)
@pytest.mark.parametrize("head", HEADS)
async def test_a_head_is_refused_while_it_comes(head: str, before: bytes) -> None:
    """An unfinished head is refused as soon as it exceeds a limit; requests before it are answered."""
    begun, status = HEADS[head]
    app = Application()
    async with protocol_server(app, SHORT) as server:
        reader, writer = await server.connect()
        writer.write(before)
        expected = [status]
        if before:
            await asyncio.wait_for(reader.readuntil(b"answered"), 10)
        for place in range(0, len(begun), 10_000):
            writer.write(begun[place : place + 10_000])
            await asyncio.sleep(0)
        answer = await asyncio.wait_for(reader.read(), 10)
        seen = len(app.scopes)
        writer.write(b"\r\n\r\n" + GET)
        await eventually_async(lambda: not server.state.connections, within=10)
    assert len(app.scopes) == seen  # what comes after it is not looked at
    assert statuses(answer) == expected
    assert b"connection: close" in answer
    assert max(len(scope["headers"]) for scope in app.scopes) <= MAX_HEADERS


async def test_few_requests_wait() -> None:
    """Of a hundred requests sent together, the first and those that may wait are answered in order; then it closes."""
    app = Application()
    app.go_on.clear()
    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % place for place in range(100))
    async with protocol_server(app) as server:
        reader, writer = await server.connect()
        writer.write(requests)
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, app.go_on.set)
        answer = await asyncio.wait_for(reader.read(), 10)
    assert statuses(answer) == [200] * (1 + MAX_PIPELINED)
    assert [scope["path"] for scope in app.scopes] == [f"/{place}" for place in range(1 + MAX_PIPELINED)]
    assert answer.count(b"connection: close") == 1


BROKEN: dict[str, bytes] = {
    "no request": b"nothing of the kind\r\n\r\n",
    "a head without bounds": b"GET / HTTP/1.1\r\n" + header_lines(200),
    "a broken chunk": CHUNKED + b"no number\r\n",
    "trailers without bounds": CHUNKED + b"0\r\n" + header_lines(200),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_fault_does_not_break_the_reply_before_it(broken: str) -> None:
    """Running and waiting requests get their whole replies; bytes after an invalid request are ignored."""
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = head_refusal(scope)
        await send({"type": "http.response.start", "status": refusal.status if refusal else 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"ended"})

    async with protocol_server(app) as server:
        reader, writer = await server.connect()
        writer.write(2 * GET + BROKEN[broken] + GET)
        answer = await asyncio.wait_for(reader.readuntil(b"begun\r\n"), 10)
        go_on.set()
        answer += await asyncio.wait_for(reader.read(), 10)
    whole = rb"HTTP/1.1 (\d+) [^\r]*\r\n.*?5\r\nbegun\r\n5\r\nended\r\n0\r\n\r\n"
    assert re.sub(whole, b"", answer, flags=re.DOTALL) == b""
    assert statuses(answer) == ([200, 200, 431] if broken == "a head without bounds" else [200, 200])


async def test_a_body_in_pieces_is_whole() -> None:
    """Pieces of a body are put together whatever their sizes."""
    app = Application()
    pieces: list[Any] = [bytes([n % 251]) * (n * n % 5_000 + 1) for n in range(200)]
    async with protocol_server(app) as server:
        reader, writer = await server.connect()
        writer.write(CHUNKED)
        for piece in pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n" + LAST)
        answer = await asyncio.wait_for(reader.read(), 10)
    assert statuses(answer) == [200, 200]
    assert app.bodies[0] == b"".join(pieces)
