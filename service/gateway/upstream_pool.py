"""The connections to the upstream that this process has."""

import asyncio
import ssl
from collections import deque
from urllib.parse import quote, urlsplit

from service.gateway.upstream_connection import UpstreamConnection

# What may stand in a path and a query as it is.
PLAIN = "/?:@!$&'()*+,;=%~"


class UpstreamRequests:
    """Writes calls of one URL; all but the body and the trace of a call is the same each time."""

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
        target = quote(parts._replace(scheme="", netloc="", fragment="").geturl(), PLAIN)
        lines = (f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
        self._head = "\r\n".join(lines).encode()

    def post(self, body: bytes, traceparent: bytes | None) -> bytes:
        """A whole call."""
        trace = b"" if traceparent is None else b"\r\ntraceparent: " + traceparent
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head, trace, len(body), body)


CONNECT_SECONDS = 10.0
# Less than the 5 s after which common servers close an idle connection: a call must not meet its end.
IDLE_SECONDS = 4.0


class UpstreamPool:
    """Lends at most `most` connections at a time; those who want more wait in line. Idle ones are kept for a while."""

    def __init__(self, url: str, most: int, connect_seconds: float) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.connect_seconds = min(CONNECT_SECONDS, connect_seconds)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._places = asyncio.Semaphore(most)
        self._idle: deque[UpstreamConnection] = deque()
        self._clearing: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def take(self) -> UpstreamConnection:
        """A connection, which has to be given back. Raises OSError."""
        await self._places.acquire()
        try:
            return self._kept() or await self._opened()
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: UpstreamConnection) -> None:
        """It is used no more; if its answer is not whole, it is closed."""
        self._places.release()
        if self._is_closed or not connection.is_free:
            connection.close()
            return
        connection.idle_since_seconds = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if self._clearing is None:
            self._clear_in(IDLE_SECONDS)

    def close(self) -> None:
        """Close those that are idle now, and the others as they come back."""
        self._is_closed = True
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        if self._clearing is not None:
            self._clearing.cancel()

    def _kept(self) -> UpstreamConnection | None:
        """The one that was used last: others may become superfluous."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_free:
                return connection
            connection.close()
        return None

    async def _opened(self) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.connect_seconds):
                _, made = await loop.create_connection(UpstreamConnection, self.host, self.port, ssl=self._tls)
        except TimeoutError:
            raise TimeoutError(f"no connection within {self.connect_seconds:g} s") from None
        return made

    def _clear_in(self, seconds: float) -> None:
        self._clearing = asyncio.get_running_loop().call_later(seconds, self._clear)

    def _clear(self) -> None:
        """Close what was idle for too long. One timer serves all: the first in line was given back first."""
        self._clearing = None
        horizon = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle and self._idle[0].idle_since_seconds <= horizon:
            self._idle.popleft().close()
        if self._idle:
            self._clear_in(self._idle[0].idle_since_seconds - horizon)
