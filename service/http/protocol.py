"""uvicorn's HTTP protocol with bounds on what a client sends, which it lacks, and less work for each request."""

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
    LingeringTransport,
    TimedConnection,
    disconnect,
)
from service.http.errors import HEADERS_TOO_LARGE, URL_TOO_LONG
from service.http.exchange import HttpExchange, head_of_reply
from service.http.request_limits import (
    HEAD_REFUSAL,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_URL_BYTES,
    NAMED_HEADERS,
    WHOLE_BODY,
    is_small,
)
from service.http.responses import WHOLE_REPLY

# Of a head that is not complete, as it comes: address, headers, and what is around them.
MAX_HEAD_BYTES = MAX_URL_BYTES + MAX_HEADER_BYTES + 8_192
MAX_TRAILERS = 32
MAX_TRAILER_BYTES = 8_192
# Bytes that come with a body and are no part of it; each of its own makes up for some. A chunk of one byte has 5.
MAX_FRAMING_BYTES = 65_536
MAX_FRAMING_PER_BODY_BYTE = 16
# Requests that wait on a connection while one is answered.
MAX_PIPELINED = 8
# What is read and dropped after the last request, so that its reply can be read.
MAX_DROPPED_BYTES = 262_144
NOT_HTTP = b"Invalid HTTP request received."
NOT_HTTP_HEADERS: Final = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(NOT_HTTP)),
    (b"connection", b"close"),
)
EXTENSIONS: Final[dict[str, dict[object, object]]] = {WHOLE_REPLY: {}}
PATH_ALONE: Final = re.compile(rb"(?:/[\w.-]+)+", re.ASCII)
# All that uvicorn's middleware for proxies reads: a request without them need not pass it.
FORWARDED: Final = frozenset((b"x-forwarded-for", b"x-forwarded-proto"))


class OverBound(Exception):
    """Raised out of the parser: nothing else stops it inside of what has come."""


class LeanProtocol(TimedConnection):
    """Takes requests within bounds. What is over them is refused while it comes, and nothing after it is looked at."""

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

    def data_received(self, data: bytes) -> None:
        """Bytes come in; the parser calls the methods below."""
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
        """Have the parser read all; it stops after a request that asks for another protocol, which is ignored."""
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
        """The first byte of a request."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise OverBound
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.scope = {**self._connection, "headers": self.headers, "state": self.app_state.copy()}  # type: ignore[typeddict-item]  # the rest comes with the head
        self._place = HEAD
        self._head_bytes = self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer: those are counted and dropped."""
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
        """The end of a head."""
        named = dict(self.headers)
        # A head that came at one time is not larger than what came.
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
        """A piece of a body."""
        self._body_bytes += len(body)
        exchange = self.cycle
        if exchange.response_complete:
            return
        if not exchange.body:
            exchange.body = body  # type: ignore[assignment]  # as it is, if no more comes
        elif isinstance(exchange.body, bytearray):
            exchange.body += body
        else:
            exchange.body = bytearray(exchange.body + body)
        if len(exchange.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        exchange.message_event.set()

    def on_message_complete(self) -> None:
        """The end of a body; a small one is handed on with the head."""
        self._place = BETWEEN
        exchange = self.cycle
        if exchange.response_complete:
            self._wait(self.timeout_keep_alive)
            return
        exchange.more_body = False
        exchange.message_event.set()
        if len(exchange.body) <= HIGH_WATER_LIMIT:
            self.scope[WHOLE_BODY] = bytes(exchange.body)  # type: ignore[literal-required]  # ours

    def on_response_complete(self) -> None:
        """The end of a reply: then comes the next request, if it is there already."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._expect_reading()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start(*self.pipeline.pop())
            return
        self._wait(self._limits_seconds[self._place])

    def _accept(self, app: Any, *, keep_alive: bool) -> None:
        """Answer the request whose head is complete, now or after those before it."""
        before = self.cycle
        self.cycle = exchange = HttpExchange(self, self._sent, keep_alive=keep_alive)
        if before is None or before.response_complete:
            self._running = exchange
            self._start_asgi_task(exchange, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, app))

    def _start(self, exchange: RequestResponseCycle, app: Any) -> None:
        """Answer a request that had to wait."""
        self._running = exchange
        self._start_asgi_task(exchange, app)
        if exchange.more_body:
            self._wait(self.limits.body_seconds)

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
        """Bound a head that is not complete; `place` and `newest` are those from before the bytes that came."""
        is_all_of_head = newest is self.cycle and place != BODY
        is_begun = place == HEAD and newest is self.cycle
        self._head_bytes += self._received_bytes if is_all_of_head else 1
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        elif not is_begun and newest is not None and not self._is_answering():
            self._wait(self.limits.head_seconds)  # the time for the first head runs from the connection

    def _take_part_of_body(self, newest: RequestResponseCycle | None, body_bytes: int) -> None:
        """Bound what comes with a body that is not complete and is no part of it: each byte of it makes up for some."""
        if newest is not self.cycle:
            if not self.pipeline:
                self._wait(self.limits.body_seconds)
            return
        made_up_bytes = (1 + MAX_FRAMING_PER_BODY_BYTE) * (self._body_bytes - body_bytes)
        self._framing_bytes = max(0, self._framing_bytes + self._received_bytes - made_up_bytes)
        if self._framing_bytes > MAX_FRAMING_BYTES:
            self._refuse_framing()

    def _stop(self, *, is_over_bound: bool) -> None:
        """The parser has stopped, at a fault or at a bound."""
        if is_over_bound and self._place == HEAD:
            self._refuse_head()
        elif is_over_bound and self._place == BETWEEN:
            self._close_after_last()
        else:
            self._refuse_framing()

    def _drop(self) -> None:
        """Read on after the last request, but only so much: so that the client can read the reply to it."""
        self._dropped_bytes += self._received_bytes
        if self._dropped_bytes > MAX_DROPPED_BYTES:
            self.abort()

    def _refuse_head(self) -> None:
        """Have the application refuse the head, as it refuses a complete one, with what there is of it."""
        raw_path, _, query = self.url.partition(b"?")
        is_long = len(self.url) > MAX_URL_BYTES
        self.scope[HEAD_REFUSAL] = URL_TOO_LONG if is_long else HEADERS_TOO_LARGE  # type: ignore[literal-required]  # ours
        self._complete_scope("1.1", raw_path, query)
        app = self._plain_app if FORWARDED.isdisjoint(dict(self.headers)) else self.app
        self._accept(app, keep_alive=False)
        self.cycle.more_body = False
        self._close_after_last()

    def _refuse_framing(self) -> None:
        """Answer what is no HTTP, unless that would break a reply that has begun; then close."""
        self.logger.warning(NOT_HTTP.decode())
        is_in_body, newest = self._place == BODY, self.cycle
        if is_in_body and self.pipeline:
            self.pipeline.popleft()  # the newest: it will never be complete
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
        """Answer what was accepted, and close the connection after it."""
        self._place = STOPPED
        self.cycle.keep_alive = False
        self.cycle.transport = LingeringTransport(self)  # type: ignore[assignment]  # all that an exchange needs of one


def _address(url: bytes) -> tuple[bytes, bytes]:
    """Path and query, as they came. Most addresses are a path alone, and need no parser."""
    if PATH_ALONE.fullmatch(url):
        return url, b""
    address = httptools.parse_url(url)
    return address.path, address.query or b""
