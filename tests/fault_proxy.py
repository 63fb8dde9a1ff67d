"""A TCP proxy that misbehaves on demand: delay, reset, black hole, replies cut short."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class FaultProxy:
    """Passes bytes between clients on `port` and the connections that `connect_upstream` opens.

    Faults are attributes, and hold from the next bytes on. All zero: a faithful proxy.
    """

    def __init__(self, connect_upstream: Callable[[], Awaitable[Streams]]) -> None:
        self.delay_seconds = 0.0
        self.swallow = False  # take what the client sends, pass nothing on
        self.reply_bytes: int | None = None  # pass on so many bytes of replies, then reset the connection
        self.refuse = False  # reset every new connection
        self.connections = 0
        self._connect_upstream = connect_upstream
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Future[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where the proxy listens, on 127.0.0.1."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> "FaultProxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        await self._server.wait_closed()
        await asyncio.gather(*self._serving)

    def heal(self) -> None:
        """End all faults: pass bytes on unchanged."""
        self.delay_seconds, self.swallow, self.reply_bytes, self.refuse = 0.0, False, None, False

    def reset(self) -> None:
        """Reset every open connection, as a crashed host does."""
        for writer in self._open:
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            _reset(writer)
            return
        upstream_reader, upstream_writer = await self._connect_upstream()
        both = {writer, upstream_writer}
        served: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open |= both
        self._serving.add(served)
        try:
            await asyncio.gather(
                self._pass_on(reader, upstream_writer, replies=False),
                self._pass_on(upstream_reader, writer, replies=True),
            )
        finally:
            for end in both:
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            self._open -= both
            self._serving.discard(served)
            served.set_result(None)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, replies: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                if self.swallow:
                    continue
                if replies and self.reply_bytes is not None:
                    data, self.reply_bytes = data[: self.reply_bytes], self.reply_bytes - len(data)
                    writer.write(data)
                    if self.reply_bytes <= 0:
                        self.reply_bytes = 0
                        await writer.drain()
                        self.reset()
                        return
                else:
                    writer.write(data)
                await writer.drain()
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    linger: socket.socket = writer.get_extra_info("socket")
    if linger.fileno() >= 0 and linger.family != socket.AF_UNIX:  # it may have been closed by its other end
        linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
