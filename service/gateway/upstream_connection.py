"""A connection to the upstream, for one call at a time. `httptools` reads HTTP; here is what belongs to which call."""

import asyncio

from httptools import HttpParserError, HttpResponseParser

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


# What may come without a piece of a body: as head, between chunks, or after the last.
MAX_OVERHEAD_BYTES = 131_072


class UpstreamConnection(asyncio.Protocol):
    """Once an answer is broken, or something came that was not asked for, it is never used again."""

    def __init__(self) -> None:
        self.idle_since_seconds = 0.0
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: UpstreamAnswer | None = None
        self._stays_open = True
        self._overhead_bytes = 0

    @property
    def is_free(self) -> bool:
        """Whether another call can be sent: the one before was sent whole, and its answer came whole and was read."""
        return (
            self._stays_open
            and self._transport is not None
            and self._transport.get_write_buffer_size() == 0
            and (self._answer is None or self._answer.is_taken)
        )

    def ask(self, request: bytes) -> UpstreamAnswer:
        """Send a call."""
        if self._transport is None:
            raise ConnectionEnded("it is closed")
        self._overhead_bytes = 0
        self._answer = UpstreamAnswer(self._transport)
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Close immediately; an answer under way is lost."""
        self._stays_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        """The upstream is there."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes come in; the parser calls the methods named on_."""
        if self._answer is None or self._answer.is_over:
            self.close()  # it was not asked for
            return
        self._overhead_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(NotHttp(str(error)))
        if self._overhead_bytes > MAX_OVERHEAD_BYTES:
            self._fail(NotHttp("its head is too long"))

    def eof_received(self) -> None:
        """The upstream says no more: an answer without a length is whole by that."""
        self._stays_open = False
        if self._answer is not None and self._answer.has_begun and not _is_framed(self._answer):
            self._answer.end()

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone."""
        self._fail(ConnectionEnded("it ended before the answer did" if error is None else str(error)))
        self._transport = None

    def on_message_begin(self) -> None:
        """An answer begins, or what was not asked for."""
        if self._answer is not None and self._answer.is_over:
            self._stays_open = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of the head, or after the body."""
        if self._answer is not None and not self._answer.has_begun:
            self._answer.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """The end of a head; one below 200 announces another."""
        self._overhead_bytes = 0
        if self._answer is None or self._answer.is_over:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self._answer.begin(status)
        else:
            self._answer.headers.clear()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._overhead_bytes = 0
        if self._answer is not None and not self._answer.is_over:
            self._answer.add(body)

    def on_message_complete(self) -> None:
        """The end of the answer, if it has begun."""
        if self._answer is not None and self._answer.has_begun and not self._answer.is_over:
            self._stays_open = self._stays_open and self._parser.should_keep_alive()
            self._answer.end()

    def _fail(self, fault: Exception) -> None:
        if self._answer is not None:
            self._answer.end(fault)
        self.close()


def _is_framed(answer: UpstreamAnswer) -> bool:
    """Whether the head tells where the body ends."""
    return b"content-length" in answer.headers or b"chunked" in answer.headers.get(b"transfer-encoding", b"").lower()
