"""A connection to the upstream, which carries one request at a time, and the answer as it is received.

`httptools` parses HTTP. This module decides which bytes belong to which request: bytes that no request asked for close
the connection, so that the answer to one caller can never be taken for that to another.
docs/decisions/upstream-client.md says why no HTTP library is used.
"""

import asyncio

from httptools import HttpParserError, HttpResponseParser

# Reading pauses while more than this waits for the reader.
MAX_WAITING_BYTES = 262_144
# Without a piece of a body in between: the head, the lines between chunks, and the trailers.
MAX_OVERHEAD_BYTES = 131_072


class NotHttp(Exception):
    """The answer is not valid HTTP."""


class ConnectionEnded(Exception):
    """The connection ended before the answer did."""


class UpstreamAnswer:
    """An answer that a connection writes and one caller reads. `headers` has one value for each lower-case name."""

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
    def is_read(self) -> bool:
        """Whether the whole answer was received and read, so that the connection is not paused."""
        return self.is_over and self._fault is None and not self._pieces

    async def head(self) -> None:
        """Wait for status and headers. Raise NotHttp or ConnectionEnded."""
        while not self.has_begun:
            await self._wait()

    async def piece(self) -> bytes | None:
        """Wait for a part of the body and return all that has come; None at the end. Raise NotHttp or ConnectionEnded.

        Bytes that came before a fault are returned before it is raised.
        """
        while not self._pieces:
            if self.is_over and self._fault is None:
                return None
            await self._wait()
        taken = b"".join(self._pieces)
        self._pieces.clear()
        if self._waiting_bytes > MAX_WAITING_BYTES and not self._transport.is_closing():
            self._transport.resume_reading()
        self._waiting_bytes = 0
        return taken

    def begin(self, status: int) -> None:
        """Set the status: the head is complete."""
        self.status = status
        self.has_begun = True
        self._wake()

    def add(self, piece: bytes) -> None:
        """Add a piece of the body, and pause reading if too much is waiting."""
        self._pieces.append(piece)
        was_full = self._waiting_bytes > MAX_WAITING_BYTES
        self._waiting_bytes += len(piece)
        if not was_full and self._waiting_bytes > MAX_WAITING_BYTES:
            self._transport.pause_reading()
        self._wake()

    def end(self, fault: Exception | None = None) -> None:
        """End the answer, complete or with a fault. Only the first end counts."""
        if not self.is_over:
            self.is_over, self._fault = True, fault
            self._wake()

    async def _wait(self) -> None:
        if self._fault is not None:
            raise self._fault
        self._reader = asyncio.get_running_loop().create_future()
        await self._reader

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class UpstreamConnection(asyncio.Protocol):
    """A connection that is reused only after a complete answer, and never after a fault or unrequested bytes."""

    def __init__(self) -> None:
        self.idle_since_seconds = 0.0
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: UpstreamAnswer | None = None
        self._stays_open = True
        self._overhead_bytes = 0

    @property
    def is_free(self) -> bool:
        """Whether another request can be sent: the last one was sent whole, and its answer was received and read."""
        return (
            self._stays_open
            and self._transport is not None
            and self._transport.get_write_buffer_size() == 0
            and (self._answer is None or self._answer.is_read)
        )

    def send(self, request: bytes) -> UpstreamAnswer:
        """Send a request and return its answer, which has not begun yet. Raise ConnectionEnded."""
        if self._transport is None:
            raise ConnectionEnded("it is closed")
        self._overhead_bytes = 0
        self._answer = UpstreamAnswer(self._transport)
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Close immediately. An answer that is not complete ends with ConnectionEnded."""
        self._stays_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        """Keep the transport (asyncio)."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse received bytes (asyncio); the parser calls the `on_` methods."""
        if self._answer is None or self._answer.is_over:
            self.close()  # no request asked for these bytes
            return
        self._overhead_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(NotHttp(str(error)))
        if self._overhead_bytes > MAX_OVERHEAD_BYTES:
            self._fail(NotHttp("its head is too long"))

    def eof_received(self) -> None:
        """Handle the end of the upstream's bytes (asyncio), which ends an answer without a length."""
        self._stays_open = False
        if self._answer is not None and self._answer.has_begun and not _is_framed(self._answer):
            self._answer.end()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the answer in progress (asyncio)."""
        self._fail(ConnectionEnded("it ended before the answer did" if error is None else str(error)))
        self._transport = None

    def on_message_begin(self) -> None:
        """Notice the begin of a second answer to one request (httptools)."""
        if self._answer is not None and self._answer.is_over:
            self._stays_open = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header (httptools), unless it is a trailer."""
        if self._answer is not None and not self._answer.has_begun:
            self._answer.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Begin the answer (httptools). After an informational status (1xx) another head follows."""
        self._overhead_bytes = 0
        if self._answer is None or self._answer.is_over:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self._answer.begin(status)
        else:
            self._answer.headers.clear()

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body (httptools)."""
        self._overhead_bytes = 0
        if self._answer is not None and not self._answer.is_over:
            self._answer.add(body)

    def on_message_complete(self) -> None:
        """End the answer (httptools), unless it was only informational."""
        if self._answer is not None and self._answer.has_begun and not self._answer.is_over:
            self._stays_open = self._stays_open and self._parser.should_keep_alive()
            self._answer.end()

    def _fail(self, fault: Exception) -> None:
        if self._answer is not None:
            self._answer.end(fault)
        self.close()


def _is_framed(answer: UpstreamAnswer) -> bool:
    """Return whether the head says where the body ends."""
    return b"content-length" in answer.headers or b"chunked" in answer.headers.get(b"transfer-encoding", b"").lower()
