"""Connections to the upstream: one carries one request at a time; a pool lends them, and keeps idle ones briefly.

`httptools` parses HTTP. This module decides which bytes belong to which request: bytes that no request asked for close
the connection, so that the answer to one caller can never be taken for that to another.
docs/decisions/upstream-client.md says why no HTTP library is used.
"""

import asyncio
import ssl
import time
from collections import deque
from urllib.parse import quote, urlsplit

from httptools import HttpParserError, HttpResponseParser

CONNECT_SECONDS = 10.0
# Less than the 5 s after which common servers close an idle connection, so that no request meets a closing one.
MAX_IDLE_SECONDS = 4.0
# The characters of a path and a query that are not percent-encoded.
PLAIN_CHARACTERS = "/?:@!$&'()*+,;=%~"
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
        # When the first piece of the body came, by `time.perf_counter()`.
        self.first_piece_at_seconds: float | None = None
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

    async def body(self, max_bytes: int) -> bytes | None:
        """Wait for the whole body and return it, or None if it is longer. Raise NotHttp or ConnectionEnded."""
        body = bytearray()
        while (piece := await self.piece()) is not None:
            body += piece
            if len(body) > max_bytes:
                return None
        return bytes(body)

    def begin(self, status: int) -> None:
        """Set the status: the head is complete."""
        self.status = status
        self.has_begun = True
        self._wake()

    def add(self, piece: bytes) -> None:
        """Add a piece of the body, and pause reading if too much is waiting."""
        if self.first_piece_at_seconds is None:
            self.first_piece_at_seconds = time.perf_counter()
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


class UpstreamRequests:
    """Builds the bytes of requests to one URL. Everything but the body and the trace is the same for all."""

    def __init__(self, url: str, secret: str | None) -> None:
        parts = urlsplit(url)
        headers = {
            "Host": parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode(),
            "User-Agent": "weighbridge",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
        }
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        target = quote(parts._replace(scheme="", netloc="", fragment="").geturl(), PLAIN_CHARACTERS)
        lines = (f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
        self._head = "\r\n".join(lines).encode()

    def post(self, body: bytes, traceparent: bytes | None) -> bytes:
        """Return a whole request with this body."""
        trace = b"" if traceparent is None else b"\r\ntraceparent: " + traceparent
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head, trace, len(body), body)


class UpstreamPool:
    """Lends at most `max_connections` at a time; further requests wait in order. Idle connections are kept briefly."""

    def __init__(self, url: str, secret: str | None, max_connections: int, connect_seconds: float) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self._requests = UpstreamRequests(url, secret)
        self.connect_seconds = min(CONNECT_SECONDS, connect_seconds)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._places = asyncio.Semaphore(max_connections)
        self._idle: deque[UpstreamConnection] = deque()
        self._clearing: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def send(self, body: bytes, traceparent: bytes | None) -> tuple[UpstreamConnection, UpstreamAnswer]:
        """Send a request with this body and wait for the head of its answer. The connection has to be released.

        Raise OSError without a connection, NotHttp or ConnectionEnded. A request is never sent twice: the upstream may
        have begun to work on it, and charge for that, when it breaks off.
        """
        await self._places.acquire()
        connection = None
        try:
            connection = self._take_idle() or await self._connect()
            answer = connection.send(self._requests.post(body, traceparent))
            await answer.head()
        except BaseException:
            if connection is None:
                self._places.release()
            else:
                self.release(connection)
            raise
        return connection, answer

    def release(self, connection: UpstreamConnection) -> None:
        """Keep the connection for another request, or close it if its answer was not read to the end."""
        self._places.release()
        if self._is_closed or not connection.is_free:
            connection.close()
            return
        connection.idle_since_seconds = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if self._clearing is None:
            self._clear_in(MAX_IDLE_SECONDS)

    def close(self) -> None:
        """Close the idle connections now, and the others when they are released."""
        self._is_closed = True
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        if self._clearing is not None:
            self._clearing.cancel()

    def _take_idle(self) -> UpstreamConnection | None:
        """Return the connection that was used last, so that superfluous ones become idle for long."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_free:
                return connection
            connection.close()
        return None

    async def _connect(self) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.connect_seconds):
                _, connection = await loop.create_connection(UpstreamConnection, self.host, self.port, ssl=self._tls)
        except TimeoutError:
            raise TimeoutError(f"no connection within {self.connect_seconds:g} s") from None
        return connection

    def _clear_in(self, seconds: float) -> None:
        self._clearing = asyncio.get_running_loop().call_later(seconds, self._clear)

    def _clear(self) -> None:
        """Close connections that were idle for too long. The deque is ordered by when they were released."""
        self._clearing = None
        horizon = asyncio.get_running_loop().time() - MAX_IDLE_SECONDS
        while self._idle and self._idle[0].idle_since_seconds <= horizon:
            self._idle.popleft().close()
        if self._idle:
            self._clear_in(self._idle[0].idle_since_seconds - horizon)
