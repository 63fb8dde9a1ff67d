"""The connections of this process to the upstream, and the bytes of a request."""

import asyncio
import ssl
from collections import deque
from urllib.parse import quote, urlsplit

from service.gateway.upstream_connection import UpstreamConnection

CONNECT_SECONDS = 10.0
# Less than the 5 s after which common servers close an idle connection, so that no request meets a closing one.
MAX_IDLE_SECONDS = 4.0
# The characters of a path and a query that are not percent-encoded.
PLAIN_CHARACTERS = "/?:@!$&'()*+,;=%~"


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

    def __init__(self, url: str, max_connections: int, connect_seconds: float) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.connect_seconds = min(CONNECT_SECONDS, connect_seconds)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._places = asyncio.Semaphore(max_connections)
        self._idle: deque[UpstreamConnection] = deque()
        self._clearing: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def acquire(self) -> UpstreamConnection:
        """Return a connection, which has to be released. Raise OSError."""
        await self._places.acquire()
        try:
            return self._take_idle() or await self._connect()
        except BaseException:
            self._places.release()
            raise

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
