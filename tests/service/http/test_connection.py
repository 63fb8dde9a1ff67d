"""A connection is closed within its deadline, whatever state it is in, and not while its request is answered."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from service.http.connection import ConnectionLimits
from service.runtime.descriptors import Descriptors
from tests.eventually import eventually_async
from tests.service.protocol_server import LONG, SHORT, UNLIMITED, protocol_server

pytestmark = [pytest.mark.anyio, pytest.mark.promise(47)]

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
LARGE = 30_000_000


async def brief(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, then answer."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        await brief(scope, receive, send)


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """Send a reply larger than the buffers of the system."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]})
    await send({"type": "http.response.body", "body": bytes(LARGE)})


STATES = {
    "nothing sent": (brief, b""),
    "a line end alone": (brief, b"\r\n"),
    "half a head": (brief, b"GET / HTTP/1.1\r\nHost:"),
    "half of a second head": (brief, GET + b"GET /"),
    "idle after a reply": (brief, GET),
    "a stray line end after a reply": (brief, GET + b"\r\n"),
    "a byte of a body that is not read": (brief, POST + b"x"),
    "half a body": (reading, POST + b"x"),
    "half a chunk": (reading, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nx"),
    "an upgrade": (brief, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "after an error": (brief, b"nothing of the kind\r\n\r\n"),
    "a reply that is not read": (large, GET),
    "replies that are not read": (large, 3 * GET),
    "a last reply that is not read": (large, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")),
}


@pytest.mark.parametrize("state", STATES)
async def test_a_connection_that_says_nothing_more_is_closed(state: str) -> None:
    """In any state, the server closes the connection of a client that neither sends, nor reads, nor closes."""
    app, request = STATES[state]
    async with protocol_server(app, SHORT, 0.3) as server:
        _, writer = await server.connect(buffer_bytes=1)
        writer.write(request)
        await eventually_async(lambda: server.state.connections, within=10)
        await eventually_async(lambda: not server.state.connections and not server.state.tasks, within=10)


@pytest.mark.parametrize("state", STATES)
async def test_line_ends_do_not_keep_a_connection(state: str) -> None:
    """A client that sends line ends without end is closed like a silent one."""
    app, request = STATES[state]
    async with protocol_server(app, SHORT, 0.3) as server:
        _, writer = await server.connect(buffer_bytes=1)
        writer.write(request)
        await eventually_async(lambda: server.state.connections, within=10)

        async def drip() -> None:
            while True:
                writer.write(b"\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        await eventually_async(lambda: not server.state.connections and not server.state.tasks, within=10)
        dripping.cancel()


async def test_a_request_that_is_answered_has_no_deadline() -> None:
    """A slow answer has no deadline, even if half of the next head has arrived: that head's time has not begun."""
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await brief(scope, receive, send)

    limits = ConnectionLimits(0.1, 0.1, 0.1, UNLIMITED)
    async with protocol_server(app, limits, 0.1) as server:
        reader, writer = await server.connect()
        writer.write(GET + b"GET /")
        await eventually_async(lambda: server.state.tasks, within=10)
        await asyncio.sleep(0.5)
        go_on.set()
        assert (await asyncio.wait_for(reader.readuntil(b"done"), 10)).startswith(b"HTTP/1.1 200 ")
        assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_a_client_that_reads_slowly_gets_all() -> None:
    """A client that keeps reading is not cut off, even if the reply takes many times the write time-out."""
    limits = ConnectionLimits(30, 30, 0.4, UNLIMITED)
    async with protocol_server(large, limits) as server:
        reader, writer = await server.connect(buffer_bytes=65_536)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        received = 0
        while received < LARGE:
            received += len(await asyncio.wait_for(reader.read(2_000_000), 10))
            await asyncio.sleep(0.005)
        assert received == LARGE


async def test_a_client_that_reads_next_to_nothing_is_closed() -> None:
    """A kilobyte now and then does not keep a reply of megabytes for hours."""
    limits = ConnectionLimits(30, 30, 0.4, UNLIMITED)
    async with protocol_server(large, limits) as server:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, ("127.0.0.1", server.port))
            await loop.sock_sendall(client, GET)

            async def drip() -> None:
                with suppress(ConnectionError):
                    while True:
                        await asyncio.sleep(0.05)
                        await loop.sock_recv(client, 1_024)

            dripping = asyncio.create_task(drip())
            await eventually_async(lambda: server.state.connections, within=10)
            await eventually_async(lambda: not server.state.connections and not server.state.tasks, within=10)
            dripping.cancel()
            await asyncio.wait([dripping])


async def test_the_request_that_is_answered_learns_of_a_hang_up() -> None:
    """The running request learns of the hang-up, even if its client had sent another one after it."""
    ends: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            pass
        ends.append(message["type"])

    async with protocol_server(app) as server:
        _, writer = await server.connect()
        writer.write(2 * GET)
        await eventually_async(lambda: server.state.tasks, within=10)
        writer.close()
        await eventually_async(lambda: ends, within=10)
        assert ends == ["http.disconnect"]
        await eventually_async(lambda: not server.state.tasks, within=10)


async def test_idle_connections_make_room_where_descriptors_are_few() -> None:
    """The connection that was idle for longest is closed for a new one; one that is being answered never is."""
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            await go_on.wait()
        await brief(scope, receive, send)

    limits = LONG._replace(descriptors=Descriptors(4))  # each new connection is one too many
    limits.descriptors.last_open = 1 << 30
    async with protocol_server(app, limits) as server:
        slow = await server.connect()
        slow[1].write(GET.replace(b"/", b"/slow", 1))
        await eventually_async(lambda: server.state.tasks, within=10)
        first = await server.connect()
        first[1].write(GET)
        await asyncio.wait_for(first[0].readuntil(b"done"), 10)
        second = await server.connect()
        assert await asyncio.wait_for(first[0].read(), 10) == b""
        second[1].write(GET)
        await asyncio.wait_for(second[0].readuntil(b"done"), 10)
        go_on.set()
        await asyncio.wait_for(slow[0].readuntil(b"done"), 10)


async def test_a_connection_is_refused_where_all_others_are_being_answered() -> None:
    """Once half of the reserve is used, new connections are closed, and those that are being answered continue."""
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await brief(scope, receive, send)

    limits = LONG._replace(descriptors=Descriptors(4))
    async with protocol_server(app, limits) as server:
        limits.descriptors.last_open = 1 << 30
        reader, writer = await server.connect()
        writer.write(GET)
        await eventually_async(lambda: server.state.tasks, within=10)
        limits.descriptors.last_open = 4
        refused, _ = await server.connect()
        assert await asyncio.wait_for(refused.read(), 10) == b""
        go_on.set()
        await asyncio.wait_for(reader.readuntil(b"done"), 10)
