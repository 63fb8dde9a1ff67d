"""A connection with a deadline in every state, and the exchange of each request with its reply on it.

These are uvicorn's protocol with one timer, and its cycle with a fast path for complete replies.
"""

import asyncio
import re
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import inf
from operator import itemgetter
from typing import Any, Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.http.responses import WHOLE_REPLY, Header
from service.runtime.descriptors import Descriptors

# State of the client: between two requests, in a head, in a body, or no longer read.
BETWEEN, HEAD, BODY, STOPPED = range(4)
# Bytes of a reply that a client must read within `write_seconds` if as many are unsent. It is less than the socket
# buffers hold, so a difference between two checks cannot be missed.
MIN_READ_BYTES = 32_768
# Time for the client to read the last reply: closing with unread input would reset the connection.
LINGER_SECONDS = 2.0
NOTHING_WAITED = -1
# struct linger: closing drops unsent data.
LINGER_OFF: Final = struct.pack("ii", 1, 0)
# Offset and end of `tcpi_bytes_acked` in Linux's struct tcp_info.
ACKNOWLEDGED: Final = slice(120, 128)
NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Characters that no header value may contain.
CONTROLS: Final = bytes({*range(32), 127} - {*b"\t"})
MAX_LISTS_OF_NAMES = 1_000
NAME_OF: Final = itemgetter(0)


class ConnectionLimits(NamedTuple):
    """Seconds that a client may take for a head, for a body, and to continue reading a reply."""

    head_seconds: float
    body_seconds: float
    write_seconds: float
    descriptors: Descriptors


class TimedConnection(HttpToolsProtocol):
    """A connection that is closed when its client exceeds a time limit.

    While a complete request is answered there is no deadline as long as the client reads. In every other state the
    deadline is `_waiting_since` plus `_limit_seconds`. The timer never runs later than the deadline and checks it then,
    so that a request sets two numbers instead of a timer.
    """

    def __init__(self, *args: Any, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        # By the state of the client when a reply is complete.
        self._limits_seconds = (self.timeout_keep_alive, limits.head_seconds, limits.body_seconds, LINGER_SECONDS)
        self._place = BETWEEN
        self._running: RequestResponseCycle | None = None
        self._waiting_since = 0.0
        self._limit_seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._acknowledged_bytes = NOTHING_WAITED
        self._read_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        """Start the deadline of the first head, and make room if descriptors are few."""
        super().connection_made(transport)
        self._wait(self.limits.head_seconds)
        self.limits.descriptors.take_in(self, self.connections, self._waiting_since)  # type: ignore[arg-type]  # all ours

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer and disconnect the running request, which need not be the newest."""
        if self._timer is not None:
            self._timer.cancel()
        if self._running is not None and not self._running.response_complete:
            disconnect(self._running)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start to check that the client reads, because the send buffer is full."""
        super().pause_writing()
        self._expect_reading()

    def shutdown(self) -> None:
        """Close the connection now, or after the last reply."""
        super().shutdown()
        self._expect_reading()

    def idle_since(self) -> float | None:
        """Return since when no request of its client has been complete, or None."""
        if self._place == BODY or self._is_answering() or self.transport.is_closing():
            return None
        return self._waiting_since

    def stalled_since(self) -> float | None:
        """Return since when its client has sent no body or read no reply that is due, or None."""
        if self.transport.get_write_buffer_size():
            return self._unread_since(self.loop.time())
        return None if self._is_answering() else self._waiting_since

    def abort(self) -> None:
        """Close it, whatever it has still to send."""
        self.connections.discard(self)  # closed in the next turn of the loop; until then it must not be chosen again
        if self.transport.get_write_buffer_size():
            # Reset: otherwise the system keeps the unread part of the reply for minutes.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
        self.transport.abort()

    def _is_answering(self) -> bool:
        """Return whether a request waits for the service and not for the client."""
        if self.pipeline:
            return True
        newest = self.cycle
        if newest is None or newest.response_complete or newest.disconnected:
            return False
        return newest.response_started or not newest.more_body

    def on_response_complete(self) -> None:
        """End the reply, and start the next request of the pipeline if there is one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._expect_reading()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start(*self.pipeline.pop())
            return
        self._wait(self._limits_seconds[self._place])

    def _start(self, exchange: RequestResponseCycle, app: Any) -> None:
        """Start a request from the pipeline."""
        self._running = exchange
        self._start_asgi_task(exchange, app)
        if exchange.more_body:
            self._wait(self.limits.body_seconds)

    def _wait(self, seconds: float) -> None:
        """Set the deadline to `seconds` from now."""
        self._waiting_since = now = self.loop.time()
        self._limit_seconds = seconds
        if now + seconds < self._timer_at:
            self._set_timer(now + seconds)

    def _expect_reading(self) -> None:
        """Check soon whether the client reads."""
        soon = self.loop.time() + self.limits.write_seconds / 4
        if soon < self._timer_at:
            self._set_timer(soon)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self.loop.call_at(when, self._look)

    def _look(self) -> None:
        """Close the connection if its deadline has passed, otherwise set the timer again."""
        now = self.loop.time()
        look_at = now + self.limits.write_seconds
        if self.transport.get_write_buffer_size():
            deadline = self._unread_since(now) + self.limits.write_seconds
            look_at = min(deadline, now + self.limits.write_seconds / 4)
        elif self._is_answering():
            self._acknowledged_bytes = NOTHING_WAITED
            deadline = inf
        else:
            self._acknowledged_bytes = NOTHING_WAITED
            deadline = look_at = self._waiting_since + self._limit_seconds
        if deadline <= now:
            self.abort()
        else:
            self._set_timer(look_at)

    def _unread_since(self, now: float) -> float:
        """Return the time of the last check at which the client had read enough."""
        acknowledged_bytes = _acknowledged_bytes(self.transport)
        read_bytes = acknowledged_bytes - self._acknowledged_bytes
        if self._acknowledged_bytes == NOTHING_WAITED or not 0 <= read_bytes < MIN_READ_BYTES:
            self._acknowledged_bytes, self._read_at = acknowledged_bytes, now
        return self._read_at

    def finish(self) -> None:
        """Close the sending side; the connection is closed by the client, or after LINGER_SECONDS."""
        if self.transport.is_closing():
            return
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.flow.resume_reading()
        self.transport.write_eof()
        self._wait(LINGER_SECONDS)
        self._expect_reading()


class LingeringTransport:
    """The transport of the last exchange if its client may still send: closing waits for the client to read."""

    def __init__(self, connection: TimedConnection) -> None:
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing
        self.close = connection.finish


def disconnect(exchange: RequestResponseCycle) -> None:
    exchange.disconnected = True
    exchange.message_event.set()


def _acknowledged_bytes(transport: asyncio.Transport) -> int:
    """Return how many bytes the client has acknowledged; bytes written may still be in the system's buffers."""
    try:
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKNOWLEDGED.stop)
    except OSError:  # not TCP
        return -transport.get_write_buffer_size()
    return int.from_bytes(info[ACKNOWLEDGED], sys.byteorder)


class HttpExchange(RequestResponseCycle):
    """What an application receives and sends. A WHOLE_REPLY is sent with one write."""

    # Initial state as class attributes, because most exchanges change little of it.
    access_log = False
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding = None
    expected_content_length = 0

    def __init__(self, protocol: HttpToolsProtocol, sent: "asyncio.Future[None]", *, keep_alive: bool) -> None:
        """`sent` is a completed future: awaiting it after a write is cheaper than an empty coroutine."""
        self.scope = protocol.scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.logger = protocol.logger
        self.access_logger = protocol.access_logger
        self.default_headers = protocol.server_state.default_headers
        self.message_event = asyncio.Event()
        self.sent = sent
        self.on_response = protocol.on_response_complete
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = protocol.expect_100_continue
        # Not a bytearray, so that a body received in one piece is not copied.
        self.body = b""  # type: ignore[assignment]

    def send(self, message: Any) -> Any:
        """Send an ASGI message, or a WHOLE_REPLY."""
        if message["type"] != WHOLE_REPLY:
            return super().send(message)
        if self.flow.write_paused or self.response_started or self.scope["method"] == "HEAD":
            return self._send_in_two(message)
        if not self.disconnected:
            self._write(message["status"], message["headers"], message["body"])
        return self.sent

    async def _send_in_two(self, message: Any) -> None:
        start: Any = {**message, "type": "http.response.start"}
        await super().send(start)
        await super().send({"type": "http.response.body", "body": message["body"]})

    def _write(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        lines = [*self.default_headers, *headers]
        if _names_connection(tuple(map(NAME_OF, lines))):
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append((b"connection", b"close"))
        self.transport.write(head_of_reply(STATUS_LINE[status], lines) + body)
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(MAX_LISTS_OF_NAMES)
def _names_connection(names: tuple[bytes, ...]) -> bool:
    for name in names:
        if not NAME.fullmatch(name):
            raise RuntimeError(f"Not a header's name: {name!r}")
    return b"connection" in names


def head_of_reply(status_line: bytes, headers: Sequence[Header]) -> bytes:
    """Return status line, headers and the empty line. Raise RuntimeError for a control character in a value."""
    lines = [status_line.removesuffix(b"\r\n"), *map(b": ".join, headers), b"", b""]
    head = b"\r\n".join(lines)
    # One check of the whole head: checking each value would take longer than building the head.
    if len(head) - len(head.translate(None, CONTROLS)) != 2 * (len(lines) - 1):
        raise RuntimeError("A header's value has a control character in it.")
    return head
