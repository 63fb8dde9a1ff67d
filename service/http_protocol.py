"""uvicorn's HTTP protocol with bounds on a request's head, which it does not have, and with a shorter way out."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

MOST_HEAD_BYTES = 262_144
# With one of these a head says more than how long the body is.
FRAMING = (b"transfer-encoding", b"connection")


class QuickHeads(RequestResponseCycle):
    """Writes the head of a usual reply together with its body, and looks at its headers all at once.

    Its base writes each apart, which costs a call of the kernel, and looks at each header several times.
    """

    held_head: bytes = b""

    async def send(self, message: Message) -> None:  # type: ignore[override]  # as its base has it
        """Send the head or a part of the body."""
        if not self.response_started and self._hold_head(message):
            return
        if self.held_head:
            message = self._with_head(message)
        await super().send(message)  # type: ignore[arg-type]  # the same under another name

    def _with_head(self, message: Message) -> Message:
        """A whole body with the head in front of it; before any other the head goes out by itself."""
        head, self.held_head = self.held_head, b""
        body = message.get("body", b"")
        if len(body) != self.expected_content_length:
            self.transport.write(head)
            return message
        self.expected_content_length += len(head)
        return {**message, "body": head + body}

    def _hold_head(self, message: Message) -> bool:
        """Whether the head waits for the body: one of a known length, on a connection that stays open."""
        headers = [*self.default_headers, *message.get("headers", ())]
        by_name = dict(headers)
        length = by_name.get(b"content-length")
        usual = length is not None and self.keep_alive and not self.access_log and self.scope["method"] != "HEAD"
        if not usual or message["type"] != "http.response.start" or any(name in by_name for name in FRAMING):
            return False
        if HEADER_RE.search(b"".join(by_name)) or HEADER_VALUE_RE.search(b"".join([value for _, value in headers])):
            return False  # the base says what is wrong
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = False
        self.expected_content_length = int(length or 0)
        lines = [b"%b: %b\r\n" % header for header in headers]
        self.held_head = b"".join([STATUS_LINE[message["status"]], *lines, b"\r\n"])
        return True


class BoundedHeads(HttpToolsProtocol):
    """Closes a connection whose head does not end in time, or never.

    `head_timeout_seconds` runs from the connection, and then from the first byte of each further request.
    """

    def __init__(self, *args: Any, head_timeout_seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timeout_seconds = head_timeout_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        """A client connects."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes come in; the parser calls the two methods below."""
        super().data_received(data)
        if self._in_head:
            self._begin()  # most heads come in one piece, and need no timer
        if self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The end of a head."""
        self._in_head = False
        self._end()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]  # likewise
        """A request is handed to the application."""
        cycle.__class__ = QuickHeads  # its base makes it, and leaves no other way
        super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]  # the same under another name

    def _begin(self) -> None:
        if self._deadline is None:
            self._head_bytes = 0
            self._deadline = self.loop.call_later(self._head_timeout_seconds, self.transport.close)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
