"""The server's protocol answers exactly as uvicorn's own does, and treats connections in the same way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.http.connection import ConnectionLimits
from service.http.protocol import LeanProtocol
from service.http.request_limits import WHOLE_BODY
from service.http.responses import Reply
from service.runtime.descriptors import Descriptors

pytestmark = pytest.mark.anyio

Kind = type[HttpToolsProtocol]
LENGTH = (b"content-length", b"10")
CLOSE = (b"connection", b"close")
KEEP_ALIVE_SECONDS = 0.3


@asynccontextmanager
async def connection(kind: Kind, app: ASGIApp) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection to a server of this protocol."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, server_header=False, forwarded_allow_ips="*")
    config.timeout_keep_alive = KEEP_ALIVE_SECONDS  # type: ignore[assignment]  # whole seconds would be long here
    config.load()
    state = ServerState()

    def made() -> HttpToolsProtocol:
        if kind is LeanProtocol:
            limits = ConnectionLimits(5, 5, 5, Descriptors.of_process())
            return LeanProtocol(config=config, server_state=state, app_state={}, limits=limits)
        return kind(config=config, server_state=state, app_state={})

    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    yield reader, writer
    writer.close()
    server.close()
    await server.wait_closed()


async def whole_body(receive: Receive) -> bytes:
    """Return the whole body, as an application reads it."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


def answering(status: int, headers: Sequence[tuple[bytes, bytes]], *pieces: bytes) -> ASGIApp:
    """Return an application that reads the body and answers in these pieces."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for place, piece in enumerate(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": place + 1 < len(pieces)})

    return app


def replying(reply: Reply) -> ASGIApp:
    """Return an application that reads the body and sends this reply, as the service does."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        await reply(scope, receive, send)

    return app


async def telling(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the scope says of the call."""
    known = {name: scope[name] for name in ("method", "path", "raw_path", "query_string", "http_version", "scheme")}
    body = repr((known, scope["client"][0], scope["headers"], await whole_body(receive))).encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"x-told", b"a\tb\xff")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


APPS = {
    "whole": answering(200, [LENGTH], b"0123456789"),
    "pieces": answering(200, [LENGTH], b"01234", b"56789"),
    "late end": answering(200, [LENGTH], b"0123456789", b""),
    "chunks": answering(200, [(b"x-a", b"b")], b"0123", b"", b"456789"),
    "own chunks": answering(200, [(b"transfer-encoding", b"chunked")], b"0123"),
    "no content": answering(204, [], b""),
    "not modified": answering(304, [(b"etag", b"x")], b""),
    "empty": answering(200, [(b"content-length", b"0")], b""),
    "closing": answering(200, [LENGTH, CLOSE], b"0123456789"),
    "reply": replying(Reply(200, b"0123456789", [(b"x-a", b"b"), (b"x-a", b"c")])),
    "closing reply": replying(Reply(413, b"0123456789", [CLOSE])),
    "empty reply": replying(Reply(204, b"")),
    "telling": telling,
}
HEAD = b" HTTP/1.1\r\nHost: x\r\n"
REQUESTS = {
    "get": b"GET /a%20b?c=d" + HEAD + b"\r\n",
    "head": b"HEAD /" + HEAD + b"\r\n",
    "post": b"POST /" + HEAD + b"Content-Length: 4\r\n\r\nbody",
    "chunked": b"POST /" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    "continue": b"POST /" + HEAD + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\nbody",
    "close": b"GET /" + HEAD + b"Connection: close\r\n\r\n",
    "old": b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    "forwarded": b"GET /" + HEAD + b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n",
    "three at once": 3 * (b"POST /" + HEAD + b"Content-Length: 4\r\n\r\nbody"),
    "upgrade": b"GET /" + HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "no request": b"nothing of the kind\r\n\r\n",
    "large": b"POST /" + HEAD + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000,
}


async def said(kind: Kind, app: ASGIApp, request: bytes) -> bytes:
    """Return all bytes that the server sends for this request until it closes the connection."""
    async with connection(kind, app) as (reader, writer):
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 10)


@pytest.mark.parametrize("request_name", REQUESTS)
async def test_answers_are_those_of_uvicorn(request_name: str) -> None:
    """For any application and request the bytes are the same, and the connection is closed in the same cases."""
    for name, app in APPS.items():
        answers = [said(kind, app, REQUESTS[request_name]) for kind in (HttpToolsProtocol, LeanProtocol)]
        theirs, ours = await asyncio.gather(*answers)
        assert ours == theirs, name
        assert ours


@pytest.mark.parametrize("header", [(b"x-a", b"b\r\nx-c: d"), (b"x-a", b"\0"), (b"x-a", b"\n"), (b"x a", b"b")])
async def test_a_header_never_breaks_the_head(header: tuple[bytes, bytes]) -> None:
    """An invalid header name, or a value with a control character, is not sent: the call ends with a 500."""
    answer = await said(LeanProtocol, replying(Reply(200, b"0123456789", [header])), REQUESTS["get"])
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert header[0] + b": " not in answer


async def test_the_head_of_a_stream_does_not_wait_for_its_body() -> None:
    """If no length is declared, the head is sent immediately."""
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"late"})

    async with connection(LeanProtocol, app) as (reader, writer):
        writer.write(REQUESTS["get"])
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).startswith(b"HTTP/1.1 200 ")
        go_on.set()
        assert await asyncio.wait_for(reader.readuntil(b"late\r\n"), 10)


async def test_a_connection_in_use_stays_open_and_an_idle_one_does_not() -> None:
    """The time of an idle connection runs from its last reply."""
    loop = asyncio.get_running_loop()
    async with connection(LeanProtocol, APPS["whole"]) as (reader, writer):
        for _ in range(4):
            await asyncio.sleep(KEEP_ALIVE_SECONDS * 0.6)
            writer.write(REQUESTS["get"])
            await asyncio.wait_for(reader.readuntil(b"0123456789"), 10)
        last = loop.time()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert KEEP_ALIVE_SECONDS * 0.9 < loop.time() - last < KEEP_ALIVE_SECONDS * 10


async def test_a_small_body_that_has_come_is_in_the_scope() -> None:
    """A small body that came with the head is in the scope; later bodies are awaited, and large ones streamed."""
    seen: list[Any] = []
    begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope.get(WHOLE_BODY))
        begun.set()
        seen.append(len(await whole_body(receive)))
        await send({"type": "http.response.start", "status": 200, "headers": [CLOSE]})
        await send({"type": "http.response.body"})

    for request in (REQUESTS["post"], REQUESTS["large"]):
        await said(LeanProtocol, app, request)
    begun.clear()
    async with connection(LeanProtocol, app) as (reader, writer):
        writer.write(REQUESTS["post"][:-2])
        await begun.wait()
        writer.write(b"dy")
        await asyncio.wait_for(reader.read(), 10)
    assert seen == [b"body", 4, None, 200_000, None, 4]


async def test_a_request_behind_an_upgrade_that_is_ignored_is_answered() -> None:
    """After a request for another protocol, which is ignored, bytes are still read as HTTP, however they are split."""
    upgrade = b"GET /1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    last = b"GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    requests = upgrade + upgrade + last
    for size_bytes in (len(requests), len(upgrade) + 7, 7):
        async with connection(LeanProtocol, answering(200, [LENGTH], b"0123456789")) as (reader, writer):
            for start in range(0, len(requests), size_bytes):
                writer.write(requests[start : start + size_bytes])
                await asyncio.sleep(0.001)
            answers = await asyncio.wait_for(reader.read(), 10)
        assert answers.count(b"HTTP/1.1 200 OK") == 3, (size_bytes, answers)
