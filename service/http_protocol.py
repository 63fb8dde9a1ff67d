"""uvicorn's HTTP protocol with bounds on a request's head, which it does not have, and less work for each request."""

import asyncio
import re
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.body import WHOLE_BODY
from service.head import NAMED_HEADERS, is_small
from service.http_exchange import Exchange
from service.reply import WHOLE_REPLY

MOST_HEAD_BYTES = 262_144
NOT_HTTP = "Invalid HTTP request received."
EXTENSIONS: Final[dict[str, dict[object, object]]] = {WHOLE_REPLY: {}}
PATH_ALONE: Final = re.compile(rb"(?:/[\w.-]+)+", re.ASCII)
# All that uvicorn's middleware for proxies reads: a request without them need not pass it.
FORWARDED: Final = frozenset((b"x-forwarded-for", b"x-forwarded-proto"))


class LeanProtocol(HttpToolsProtocol):
    """Closes a connection whose head does not end in time, or never.

    `head_timeout_seconds` runs from the connection, and then from the first byte of each further request.
    """

    def __init__(self, *args: Any, head_timeout_seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plain_app = self.app.app if isinstance(self.app, ProxyHeadersMiddleware) else self.app
        self._head_timeout_seconds = head_timeout_seconds
        self._sent: asyncio.Future[None] = self.loop.create_future()
        self._sent.set_result(None)
        self._deadline: asyncio.TimerHandle | None = None
        self._connection: dict[str, Any] = {}
        self._in_head = False
        self._head_bytes = 0
        self._chunk_bytes = 0
        self._idle_since: float | None = None
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        """A client connects."""
        super().connection_made(transport)
        self._connection = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
            "extensions": EXTENSIONS,
        }
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._end()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes come in; the parser calls the methods below."""
        self._idle_since = None
        self._chunk_bytes = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()
        except httptools.HttpParserError:
            self.logger.warning(NOT_HTTP)
            self.send_400_response(NOT_HTTP)
            return
        if self._in_head:
            self._begin()  # most heads come in one piece, and need no timer
        if self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.scope = {**self._connection, "headers": self.headers, "state": self.app_state.copy()}  # type: ignore[typeddict-item]  # the rest comes with the head
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The end of a head: like its base's, with an exchange of our own."""
        self._in_head = False
        named = dict(self.headers)
        if self._deadline is not None:
            self._end()
        elif is_small(self._chunk_bytes, len(self.headers)) and len(named) == len(self.headers):
            self.scope[NAMED_HEADERS] = named  # type: ignore[literal-required]  # ours
        version = self.parser.get_http_version()
        self._complete_scope(version)
        before = self.cycle
        keep_alive = version != "1.0" and self.parser.should_keep_alive()
        self.cycle = exchange = Exchange(self, self._sent, keep_alive=keep_alive)
        app = self._plain_app if FORWARDED.isdisjoint(named) else self.app
        if before is None or before.response_complete:
            self._start_asgi_task(exchange, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, app))

    def on_message_complete(self) -> None:
        """The end of a body; a small one is handed on with the head."""
        exchange = self.cycle
        if exchange.response_complete:
            return
        exchange.more_body = False
        exchange.message_event.set()
        if len(exchange.body) <= HIGH_WATER_LIMIT:
            self.scope[WHOLE_BODY] = bytes(exchange.body)  # type: ignore[literal-required]  # ours

    def on_response_complete(self) -> None:
        """The end of a reply: then comes the next request, if it is there already."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _complete_scope(self, version: str) -> None:
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        raw_path, query = _address(self.url)
        path = raw_path.decode("ascii")
        if b"%" in raw_path:
            path = unquote(path)
        if self.root_path:
            path, raw_path = self.root_path + path, self.root_path.encode("ascii") + raw_path
        scope["path"], scope["raw_path"], scope["query_string"] = path, raw_path, query

    def _close_if_idle(self) -> None:
        """One timer for many requests: it is set anew only where the connection was in use meanwhile."""
        self._idle_timer = None
        if self._idle_since is None:
            return
        left_seconds = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left_seconds <= 0:
            self.transport.close()
        else:
            self._idle_timer = self.loop.call_later(left_seconds, self._close_if_idle)

    def _begin(self) -> None:
        if self._deadline is None:
            self._head_bytes = 0
            self._deadline = self.loop.call_later(self._head_timeout_seconds, self.transport.close)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _address(url: bytes) -> tuple[bytes, bytes]:
    """Path and query, as they came. Most addresses are a path alone, and need no parser."""
    if PATH_ALONE.fullmatch(url):
        return url, b""
    address = httptools.parse_url(url)
    return address.path, address.query or b""
