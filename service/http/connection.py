"""A connection that always has a deadline: uvicorn's protocol with one timer, whatever the connection waits for."""

import asyncio
import socket
import struct
import sys
from math import inf
from typing import Any, Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.runtime.descriptors import Descriptors

# Where the client is: between two requests, in a head, in a body, or heard no more.
BETWEEN, HEAD, BODY, STOPPED = range(4)
# What a client has to read of a reply within the time for that, if so much waits: its reply is in memory meanwhile. The
# buffers of the system hold more, so what waits was not read and filled up again between two looks.
MIN_READ_BYTES = 32_768
# After the last reply, for the client to read it: a close while input is unread would reset the connection.
LINGER_SECONDS = 2.0
NOTHING_WAITED = -1
# struct linger: a close drops what is not sent.
LINGER_OFF: Final = struct.pack("ii", 1, 0)
# Place and length of the bytes that the peer has acknowledged, in Linux's struct tcp_info.
ACKNOWLEDGED: Final = slice(120, 128)


class ConnectionLimits(NamedTuple):
    """How long a client may take for a head, a body, and to go on reading a reply, in seconds."""

    head_seconds: float
    body_seconds: float
    write_seconds: float
    descriptors: Descriptors


class TimedConnection(HttpToolsProtocol):
    """Is closed once its client lets it wait for too long.

    While a complete request is being answered there is no deadline, as long as what is sent is read. In every other
    state the deadline is `_limit_seconds` from `_waiting_since`. The timer runs no later than that and looks then, so a
    request sets two numbers and no timer.
    """

    def __init__(self, *args: Any, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        # By what the client is in when a reply is complete.
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
        """A client connects."""
        super().connection_made(transport)
        self._wait(self.limits.head_seconds)
        self.limits.descriptors.take_in(self, self.connections, self._waiting_since)  # type: ignore[arg-type]  # all ours

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone. The request being answered learns it, which need not be the newest."""
        if self._timer is not None:
            self._timer.cancel()
        if self._running is not None and not self._running.response_complete:
            disconnect(self._running)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More is to be sent than the client reads: it has to go on reading."""
        super().pause_writing()
        self._expect_reading()

    def shutdown(self) -> None:
        """Close now, or after the last reply."""
        super().shutdown()
        self._expect_reading()

    def idle_since(self) -> float | None:
        """See Closable."""
        if self._place == BODY or self._is_answering() or self.transport.is_closing():
            return None
        return self._waiting_since

    def stalled_since(self) -> float | None:
        """See Closable."""
        if self.transport.get_write_buffer_size():
            return self._unread_since(self.loop.time())
        return None if self._is_answering() else self._waiting_since

    def abort(self) -> None:
        """See Closable."""
        self.connections.discard(self)  # closed in the next turn of the loop: until then it must not be found again
        if self.transport.get_write_buffer_size():
            # Reset: otherwise the system keeps what it took of the reply for minutes, for a client that does not read.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
        self.transport.abort()

    def _is_answering(self) -> bool:
        """Return whether there is a request that the service, not the client, has to go on with."""
        if self.pipeline:
            return True
        newest = self.cycle
        if newest is None or newest.response_complete or newest.disconnected:
            return False
        return newest.response_started or not newest.more_body

    def _wait(self, seconds: float) -> None:
        """Wait for the client from now on, for so long."""
        self._waiting_since = now = self.loop.time()
        self._limit_seconds = seconds
        if now + seconds < self._timer_at:
            self._set_timer(now + seconds)

    def _expect_reading(self) -> None:
        """Look soon whether the client reads what is to be sent."""
        soon = self.loop.time() + self.limits.write_seconds / 4
        if soon < self._timer_at:
            self._set_timer(soon)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self.loop.call_at(when, self._look)

    def _look(self) -> None:
        """Close the connection if its deadline has passed; look again later otherwise."""
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
        """Return when the client was last seen to have read enough."""
        acknowledged_bytes = _acknowledged_bytes(self.transport)
        read_bytes = acknowledged_bytes - self._acknowledged_bytes
        if self._acknowledged_bytes == NOTHING_WAITED or not 0 <= read_bytes < MIN_READ_BYTES:
            self._acknowledged_bytes, self._read_at = acknowledged_bytes, now
        return self._read_at

    def finish(self) -> None:
        """Say that nothing more is sent, and close when the client does, or after a moment."""
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
    """What the last exchange writes to where its client may still be sending: a close waits for the client to read."""

    def __init__(self, connection: TimedConnection) -> None:
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing
        self.close = connection.finish


def disconnect(exchange: RequestResponseCycle) -> None:
    exchange.disconnected = True
    exchange.message_event.set()


def _acknowledged_bytes(transport: asyncio.Transport) -> int:
    """Return a number that grows as the client reads: what is written only fills buffers of the system at first."""
    try:
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKNOWLEDGED.stop)
    except OSError:  # not TCP
        return -transport.get_write_buffer_size()
    return int.from_bytes(info[ACKNOWLEDGED], sys.byteorder)
