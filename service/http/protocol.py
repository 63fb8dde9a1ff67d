"""uvicorn's HTTP/1.1 protocol with limits on what a client sends, and with less work for each request."""

import re
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from service.http.connection import (
    BETWEEN,
    BODY,
    HEAD,
    STOPPED,
    HttpExchange,
    LingeringTransport,
    TimedConnection,
    disconnect,
    head_of_reply,
)
from service.http.errors import HEADERS_TOO_LARGE, URL_TOO_LONG
from service.http.request_limits import (
    HEAD_REFUSAL,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_URL_BYTES,
    NAMED_HEADERS,
    WHOLE_BODY,
)
from service.http.responses import WHOLE_REPLY

# Of an incomplete head as received: URL, headers, and the syntax around them.
MAX_HEAD_BYTES = MAX_URL_BYTES + MAX_HEADER_BYTES + 8_192
MAX_TRAILERS = 32
MAX_TRAILER_BYTES = 8_192
# Bytes of chunk framing received beyond MAX_FRAMING_PER_BODY_BYTE for each byte of the body; a chunk of 1 byte has 5.
MAX_FRAMING_BYTES = 65_536
MAX_FRAMING_PER_BODY_BYTE = 16
# Requests waiting on a connection while an earlier one is being answered.
MAX_PIPELINED = 8
# Bytes read and dropped after the last request, so that the client can read its reply.
MAX_DROPPED_BYTES = 262_144
NOT_HTTP = b"Invalid HTTP request received."
NOT_HTTP_HEADERS: Final = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(NOT_HTTP)),
    (b"connection", b"close"),
)
EXTENSIONS: Final[dict[str, dict[object, object]]] = {WHOLE_REPLY: {}}
PATH_ALONE: Final = re.compile(rb"(?:/[\w.-]+)+", re.ASCII)
# The headers that uvicorn's middleware for proxies reads; requests without them skip it.
FORWARDED: Final = frozenset((b"x-forwarded-for", b"x-forwarded-proto"))


class OverBound(Exception):
    """A limit is exceeded. Raised in a callback, because nothing else stops the parser within received data."""


class LeanProtocol(TimedConnection):
    """Receives requests within limits. One above a limit is refused while it is received; later ones are not read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plain_app = self.app.app if isinstance(self.app, ProxyHeadersMiddleware) else self.app
        self._sent = self.loop.create_future()
        self._sent.set_result(None)
        self._connection: dict[str, Any] = {}
        self._received_bytes = 0
        self._head_bytes = 0
        self._header_bytes = 0
        self._trailers = 0
        self._body_bytes = 0
        self._framing_bytes = 0
        self._dropped_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Prepare what all scopes of a new connection share."""
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

    def data_received(self, data: bytes) -> None:
        """Feed received bytes to the parser, which calls the `on_` methods; then check the limits."""
        self._received_bytes = len(data)
        if self._place == STOPPED:
            self._drop()
            return
        place, exchange, body_bytes = self._place, self.cycle, self._body_bytes
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._stop(is_over_bound=isinstance(error.__context__, OverBound))
            return
        if self._place == HEAD:
            self._take_part_of_head(place, exchange)
        elif self._place == BODY:
            self._take_part_of_body(exchange, body_bytes)

    def _feed(self, data: bytes) -> None:
        """Parse all bytes. The parser stops after a request for a protocol upgrade, which is ignored."""
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stop:
                self._unsupported_upgrade_warning()
                data = data[stop.args[0] :]
                if data:
                    continue
            return

    def on_message_begin(self) -> None:
        """Begin a request: reset the state of its head."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise OverBound
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.scope = {**self._connection, "headers": self.headers, "state": self.app_state.copy()}  # type: ignore[typeddict-item]  # the rest comes with the head
        self._place = HEAD
        self._head_bytes = self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. Trailers are counted and dropped."""
        self._header_bytes += len(name) + len(value)
        if self._place != HEAD:
            self._trailers += 1
            if self._trailers > MAX_TRAILERS or self._header_bytes > MAX_TRAILER_BYTES:
                raise OverBound
            return
        headers = self.headers
        if len(headers) == MAX_HEADERS or self._header_bytes > MAX_HEADER_BYTES:
            raise OverBound
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Complete the scope and start the application."""
        named = dict(self.headers)
        # A head received in one piece is at most as large as this piece.
        if (
            self._head_bytes == 0
            and is_small(self._received_bytes, len(self.headers))
            and len(named) == len(self.headers)
        ):
            self.scope[NAMED_HEADERS] = named  # type: ignore[literal-required]  # ours
        version = self.parser.get_http_version()
        self._complete_scope(version, *_address(self.url))
        self._place = BODY
        self._header_bytes = self._trailers = self._body_bytes = self._framing_bytes = 0
        app = self._plain_app if FORWARDED.isdisjoint(named) else self.app
        self._accept(app, keep_alive=version != "1.0" and self.parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """Append a piece of the body."""
        self._body_bytes += len(body)
        exchange = self.cycle
        if exchange.response_complete:
            return
        if not exchange.body:
            exchange.body = body  # type: ignore[assignment]  # not copied while it is the only piece
        elif isinstance(exchange.body, bytearray):
            exchange.body += body
        else:
            exchange.body = bytearray(exchange.body + body)
        if len(exchange.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        exchange.message_event.set()

    def on_message_complete(self) -> None:
        """End the body; a small one is put into the scope as a whole."""
        self._place = BETWEEN
        exchange = self.cycle
        if exchange.response_complete:
            self._wait(self.timeout_keep_alive)
            return
        exchange.more_body = False
        exchange.message_event.set()
        if len(exchange.body) <= HIGH_WATER_LIMIT:
            self.scope[WHOLE_BODY] = bytes(exchange.body)  # type: ignore[literal-required]  # ours

    def _accept(self, app: Any, *, keep_alive: bool) -> None:
        """Start the request whose head is complete, or queue it behind those before it."""
        before = self.cycle
        self.cycle = exchange = HttpExchange(self, self._sent, keep_alive=keep_alive)
        if before is None or before.response_complete:
            self._running = exchange
            self._start_asgi_task(exchange, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, app))

    def _complete_scope(self, version: str, raw_path: bytes, query: bytes) -> None:
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        path = raw_path.decode("ascii")
        if b"%" in raw_path:
            path = unquote(path)
        if self.root_path:
            path, raw_path = self.root_path + path, self.root_path.encode("ascii") + raw_path
        scope["path"], scope["raw_path"], scope["query_string"] = path, raw_path, query

    def _take_part_of_head(self, place: int, newest: RequestResponseCycle | None) -> None:
        """Limit an incomplete head; `place` and `newest` are the state before these bytes."""
        is_all_of_head = newest is self.cycle and place != BODY
        is_begun = place == HEAD and newest is self.cycle
        self._head_bytes += self._received_bytes if is_all_of_head else 1
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        elif not is_begun and newest is not None and not self._is_answering():
            self._wait(self.limits.head_seconds)  # the time for the first head starts with the connection

    def _take_part_of_body(self, newest: RequestResponseCycle | None, body_bytes: int) -> None:
        """Limit the chunk framing of an incomplete body, in proportion to the size of the body."""
        if newest is not self.cycle:
            if not self.pipeline:
                self._wait(self.limits.body_seconds)
            return
        made_up_bytes = (1 + MAX_FRAMING_PER_BODY_BYTE) * (self._body_bytes - body_bytes)
        self._framing_bytes = max(0, self._framing_bytes + self._received_bytes - made_up_bytes)
        if self._framing_bytes > MAX_FRAMING_BYTES:
            self._refuse_framing()

    def _stop(self, *, is_over_bound: bool) -> None:
        """Handle a stop of the parser, at a syntax error or at a limit."""
        if is_over_bound and self._place == HEAD:
            self._refuse_head()
        elif is_over_bound and self._place == BETWEEN:
            self._close_after_last()
        else:
            self._refuse_framing()

    def _drop(self) -> None:
        """Drop bytes after the last request, up to a limit, so that the client can read the reply."""
        self._dropped_bytes += self._received_bytes
        if self._dropped_bytes > MAX_DROPPED_BYTES:
            self.abort()

    def _refuse_head(self) -> None:
        """Let the application refuse an incomplete head, with what was received of it."""
        raw_path, _, query = self.url.partition(b"?")
        is_long = len(self.url) > MAX_URL_BYTES
        self.scope[HEAD_REFUSAL] = URL_TOO_LONG if is_long else HEADERS_TOO_LARGE  # type: ignore[literal-required]  # ours
        self._complete_scope("1.1", raw_path, query)
        app = self._plain_app if FORWARDED.isdisjoint(dict(self.headers)) else self.app
        self._accept(app, keep_alive=False)
        self.cycle.more_body = False
        self._close_after_last()

    def _refuse_framing(self) -> None:
        """Answer invalid HTTP with 400 unless a reply has begun, then close."""
        self.logger.warning(NOT_HTTP.decode())
        is_in_body, newest = self._place == BODY, self.cycle
        if is_in_body and self.pipeline:
            self.pipeline.popleft()  # the newest, which will not be completed
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running  # type: ignore[assignment]  # one runs
        elif is_in_body and not newest.response_started:
            disconnect(newest)
        if self._is_answering():
            self._close_after_last()
            return
        self._place = STOPPED
        if not (is_in_body and newest.response_complete):
            self.transport.write(
                head_of_reply(STATUS_LINE[400], [*self.server_state.default_headers, *NOT_HTTP_HEADERS])
            )
            self.transport.write(NOT_HTTP)
        self.finish()

    def _close_after_last(self) -> None:
        """Answer the accepted requests, then close the connection."""
        self._place = STOPPED
        self.cycle.keep_alive = False
        self.cycle.transport = LingeringTransport(self)  # type: ignore[assignment]  # all that an exchange needs of one


def is_small(head_bytes: int, headers: int) -> bool:
    """Return whether a head of this size is within all limits, independent of its content."""
    return head_bytes <= MAX_URL_BYTES and headers <= MAX_HEADERS


def _address(url: bytes) -> tuple[bytes, bytes]:
    """Return path and query as received. Most URLs are only a path, which needs no parser."""
    if PATH_ALONE.fullmatch(url):
        return url, b""
    address = httptools.parse_url(url)
    return address.path, address.query or b""
