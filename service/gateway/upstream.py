"""The upstream: what an OpenAI-compatible server is sent, and what its answers mean."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Final, NoReturn

import structlog

from service.gateway.upstream_connection import (
    ConnectionEnded,
    NotHttp,
    UpstreamAnswer,
    UpstreamPool,
)
from service.gateway.upstream_faults import (
    MAX_MESSAGE_CHARACTERS,
    REQUEST_FAULT_STATUSES,
    BadUpstreamResponse,
    UpstreamError,
    UpstreamFault,
    UpstreamTimeout,
    UpstreamUnavailable,
    one_line,
)
from service.observability.metrics import GatewayMeters
from service.observability.tracing import NO_SPAN, Span

PATH = "/chat/completions"
MAX_ANSWER_BYTES = 32_000_000
MAX_EVENT_BYTES = 4_000_000
MAX_ERROR_BYTES = 65_536
DONE = b"[DONE]"
# Module constants, because `json.dumps` and `json.loads` with options create an encoder or decoder for each body.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


class UpstreamExchange:
    """Times and traces one request to the upstream while its block runs, in a child span of `parent`."""

    def __init__(self, meters: GatewayMeters, parent: Span) -> None:
        self._meters = meters
        self._child = None if parent is NO_SPAN else parent.child("upstream", "client")
        self._span: Span = NO_SPAN
        self._began_at_seconds = time.perf_counter()
        self._answer: UpstreamAnswer | None = None

    def __enter__(self) -> "UpstreamExchange":
        if self._child is not None:
            self._span = self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Record the times of the exchange, whether it succeeded or not."""
        first_at_seconds = None if self._answer is None else self._answer.first_piece_at_seconds
        first_byte_seconds = None if first_at_seconds is None else first_at_seconds - self._began_at_seconds
        self._meters.upstream_ended(time.perf_counter() - self._began_at_seconds, first_byte_seconds)
        if self._child is not None:
            self._child.__exit__(kind, error, trace)

    @property
    def traceparent(self) -> bytes | None:
        """The header that makes the upstream's spans part of the trace, or None if there is no trace."""
        return self._span.traceparent

    def record_answer(self, answer: UpstreamAnswer) -> None:
        """Keep the answer for the time of its first piece, and record its status in the span."""
        self._answer = answer
        if self._child is not None:
            self._span.note(lambda: {"http.response.status_code": answer.status})


class EventTooLong(ValueError):
    """An event is longer than any chunk of a completion."""


class EventReader:
    """Parses server-sent events from pieces of a body. Comments and fields other than `data` are ignored."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of each event that ends in this piece. Raise EventTooLong."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        events = [event for line in lines if (event := self._feed_line(line.removesuffix(b"\r"))) is not None]
        if self._size + len(self._rest) > self.max_bytes:
            raise EventTooLong
        return events

    def _feed_line(self, line: bytes) -> bytes | None:
        if not line:
            event, self._data, self._size = self._data, [], 0
            # An event without data only keeps the connection alive.
            return b"\n".join(event) if any(event) else None
        if line.startswith(b"data:"):
            value = line[5:].removeprefix(b" ")
            self._data.append(value)
            self._size += len(value)
        return None


class UpstreamModel:
    """Calls one model of one server; callers know it as `public_name`. Without a URL it is never available."""

    def __init__(
        self,
        url: str | None,
        api_key: str | None,
        model: str,
        public_name: str,
        timeout_seconds: float,
        max_connections: int,
        meters: GatewayMeters,
    ) -> None:
        self.url = None if url is None else url.rstrip("/").removesuffix(PATH) + PATH
        self.model = model
        self.public_name = public_name
        self.timeout_seconds = timeout_seconds
        self.meters = meters
        self.max_connections = max_connections
        self._secret = api_key
        self._pool: UpstreamPool | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Allow calls while the block runs, then close all connections."""
        if self.url is None:
            yield
            return
        pool = self._pool = UpstreamPool(self.url, self._secret, self.max_connections, self.timeout_seconds)
        try:
            yield
        finally:
            self._pool = None
            pool.close()

    async def complete(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> dict[str, Any]:
        """Return the whole answer as a JSON object. Raise UpstreamFault."""
        try:
            with UpstreamExchange(self.meters, span) as exchange:
                async with asyncio.timeout(self.timeout_seconds), self._send(body, exchange) as answer:
                    return _decode_object(await _read_body(answer, MAX_ANSWER_BYTES))
        except TimeoutError:
            raise UpstreamTimeout(f"no answer within {self.timeout_seconds:g} s") from None

    async def stream(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the JSON object of each event before `[DONE]`. Raise UpstreamFault, also if `[DONE]` is missing."""
        with UpstreamExchange(self.meters, span) as exchange:
            async with aclosing(self._read_events(body, exchange)) as groups:
                while True:
                    for event in await self._next_events(groups):
                        if event == DONE:
                            return
                        yield _decode_object(event)

    def record_fault(self, call_id: str, fault: UpstreamFault) -> None:
        """Log and count a fault that ended a call."""
        structlog.get_logger("gateway").warning("upstream_fault", call=call_id, reason=fault.detail)
        self.meters.upstream_failed(fault.kind)

    async def _next_events(self, groups: AsyncGenerator[list[bytes], None]) -> list[bytes]:
        """Return the next events, at least one. The timeout does not cover the time that the consumer needs."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                events = await anext(groups, None)
        except TimeoutError:
            raise UpstreamTimeout(f"nothing came for {self.timeout_seconds:g} s") from None
        if events is None:
            raise UpstreamUnavailable("the stream ended without [DONE]")
        return events

    async def _read_events(
        self, body: Mapping[str, Any], exchange: UpstreamExchange
    ) -> AsyncGenerator[list[bytes], None]:
        """Yield the events of each piece that has any. Comments do not count: they must not extend the timeout."""
        reader = EventReader(MAX_EVENT_BYTES)
        async with self._send(body, exchange) as answer:
            kind = answer.headers.get(b"content-type", b"").decode("latin-1")
            if not kind.startswith("text/event-stream"):
                raise BadUpstreamResponse(f"the answer is no event stream but {kind[:MAX_MESSAGE_CHARACTERS]!r}")
            while (piece := await answer.piece()) is not None:
                try:
                    events = reader.feed(piece)
                except EventTooLong:
                    raise BadUpstreamResponse(f"an event is longer than {MAX_EVENT_BYTES} bytes") from None
                if events:
                    yield events

    @asynccontextmanager
    async def _send(self, body: Mapping[str, Any], exchange: UpstreamExchange) -> AsyncIterator[UpstreamAnswer]:
        """Send a request and provide the answer once its head has come with status 200. Raise UpstreamFault."""
        pool = self._pool
        if pool is None:
            raise UpstreamUnavailable("WEIGHBRIDGE_UPSTREAM_URL is not set")
        content = _ENCODER.encode({"model": self.model, **body}).encode()
        connection = None
        try:
            connection, answer = await pool.send(content, exchange.traceparent)
            exchange.record_answer(answer)
            if answer.status != 200:
                raise await self._fault(answer)
            yield answer
        except NotHttp as error:
            raise BadUpstreamResponse(f"the answer is no valid HTTP: {one_line(str(error))}") from error
        except (ConnectionEnded, OSError, UnicodeError) as error:  # UnicodeError: the host's name is not valid
            raise UpstreamUnavailable(f"{type(error).__name__}: {one_line(str(error))}") from error
        finally:
            if connection is not None:
                pool.release(connection)

    async def _fault(self, answer: UpstreamAnswer) -> UpstreamFault:
        """Return the fault of an answer with another status than 200, without the API key and the model's name."""
        try:
            error = UpstreamError.parse(_decode_object(await _read_body(answer, MAX_ERROR_BYTES)), answer.status)
        except UpstreamFault:
            error = UpstreamError(f"status {answer.status}")
        message = error.message if self._secret is None else error.message.replace(self._secret, "***")
        if answer.status in REQUEST_FAULT_STATUSES:
            message = message.replace(self.model, self.public_name)
        return error._replace(message=message).fault(answer.status, answer.headers.get(b"retry-after", b""))


async def _read_body(answer: UpstreamAnswer, max_bytes: int) -> bytes:
    body = await answer.body(max_bytes)
    if body is None:
        raise BadUpstreamResponse(f"the answer is longer than {max_bytes} bytes")
    return body


def _decode_object(text: bytes) -> dict[str, Any]:
    try:
        value = _DECODER.decode(text.decode("utf-8", "surrogatepass").removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise BadUpstreamResponse(f"it is not JSON: {type(error).__name__}") from None
    if not isinstance(value, dict):
        raise BadUpstreamResponse("it is not a JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)
