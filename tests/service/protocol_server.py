"""A server of the service's own protocol in the test's event loop, with short deadlines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from service.http.connection import ConnectionLimits
from service.http.protocol import LeanProtocol
from service.runtime.descriptors import Descriptors

UNLIMITED = Descriptors(1 << 30)
SHORT = ConnectionLimits(0.3, 0.3, 0.3, UNLIMITED)
LONG = ConnectionLimits(30, 30, 30, UNLIMITED)


class ProtocolServer:
    """The server's port, and what uvicorn knows of its connections."""

    def __init__(self, port: int, state: ServerState) -> None:
        self.port = port
        self.state = state
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, buffer_bytes: int = 1 << 20) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection; the client's side buffers about `buffer_bytes` of unread data."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=buffer_bytes)
        self._writers.append(writer)
        return reader, writer

    async def said(self, request: bytes) -> bytes:
        """Return all bytes that the server sends for this request until it closes the connection."""
        reader, writer = await self.connect()
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 20)

    async def end(self) -> None:
        """Close all connections, from both sides."""
        for connection in list(self.state.connections):
            connection.transport.abort()
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def protocol_server(
    app: ASGIApp, limits: ConnectionLimits = LONG, keep_alive_seconds: float = 30
) -> AsyncIterator[ProtocolServer]:
    """The application, served."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, server_header=False, forwarded_allow_ips="*")
    config.timeout_keep_alive = keep_alive_seconds  # type: ignore[assignment]  # fractions are well
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: LeanProtocol(config=config, server_state=state, app_state={}, limits=limits), "127.0.0.1", 0
    )
    running = ProtocolServer(server.sockets[0].getsockname()[1], state)
    try:
        yield running
    finally:
        await running.end()
        server.close()
        await server.wait_closed()
