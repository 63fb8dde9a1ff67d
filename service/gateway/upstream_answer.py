"""The answer to one call of the upstream, as it comes in."""

import asyncio

# More than a reader that is behind should have waiting; then the upstream has to wait.
MAX_WAITING_BYTES = 262_144


class NotHttp(Exception):
    """What came is no answer in HTTP."""


class ConnectionEnded(Exception):
    """The connection ended before the answer did."""


class UpstreamAnswer:
    """Written by a connection, read by one caller. `headers` has lower-case names, each once."""

    def __init__(self, transport: asyncio.ReadTransport) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.has_begun = False
        self.is_over = False
        self._transport = transport
        self._pieces: list[bytes] = []
        self._waiting_bytes = 0
        self._fault: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    @property
    def is_taken(self) -> bool:
        """Whether it came whole, and nothing of it waits: reading goes on then."""
        return self.is_over and self._fault is None and not self._pieces

    async def head(self) -> None:
        """Wait for status and headers. Raises NotHttp and ConnectionEnded."""
        while not self.has_begun:
            await self._news()

    async def piece(self) -> bytes | None:
        """All that is there of the body, once something is; None after the end. Raises NotHttp and ConnectionEnded."""
        while not self._pieces:
            if self.is_over and self._fault is None:
                return None
            await self._news()
        taken = b"".join(self._pieces)
        self._pieces.clear()
        if self._waiting_bytes > MAX_WAITING_BYTES and not self._transport.is_closing():
            self._transport.resume_reading()
        self._waiting_bytes = 0
        return taken

    def begin(self, status: int) -> None:
        """The head is complete."""
        self.status = status
        self.has_begun = True
        self._wake()

    def add(self, piece: bytes) -> None:
        """A piece of the body has come."""
        self._pieces.append(piece)
        was_full = self._waiting_bytes > MAX_WAITING_BYTES
        self._waiting_bytes += len(piece)
        if not was_full and self._waiting_bytes > MAX_WAITING_BYTES:
            self._transport.pause_reading()
        self._wake()

    def end(self, fault: Exception | None = None) -> None:
        """It is whole, or will never be."""
        if not self.is_over:
            self.is_over, self._fault = True, fault
            self._wake()

    async def _news(self) -> None:
        if self._fault is not None:
            raise self._fault
        self._reader = asyncio.get_running_loop().create_future()
        await self._reader

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
