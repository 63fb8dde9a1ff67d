"""The upstream: an OpenAI-compatible server, and what its answers mean."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Final, NoReturn

import structlog

from service.gateway.upstream_connection import ConnectionEnded, NotHttp, UpstreamAnswer
from service.gateway.upstream_faults import (
    BadUpstreamResponse,
    BusyUpstream,
    RefusedByUpstream,
    UpstreamError,
    UpstreamFault,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from service.gateway.upstream_pool import UpstreamPool, UpstreamRequests
from service.observability.gateway_metrics import GatewayMeters
from service.observability.tracing import NO_SPAN, Span


class Exchange:
    """For the time of its block a request is under way, in a span of its own under `parent`."""

    def __init__(self, meters: GatewayMeters, parent: Span) -> None:
        self._meters = meters
        self._child = parent.child("upstream", "client")
        self._began_at_seconds = time.perf_counter()
        self._has_begun = False

    def __enter__(self) -> "Exchange":
        self._span = self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The answer is over, whole or not."""
        self._meters.upstream_ended(time.perf_counter() - self._began_at_seconds)
        self._child.__exit__(kind, error, trace)

    @property
    def traceparent(self) -> bytes | None:
        """What tells the upstream of the trace, where there is one."""
        return self._span.traceparent

    def status(self, status: int) -> None:
        """The head of the answer has come."""
        self._span.note(lambda: {"http.response.status_code": status})

    def piece(self) -> None:
        """A piece of the answer has come."""
        if not self._has_begun:
            self._has_begun = True
            self._meters.upstream_began(time.perf_counter() - self._began_at_seconds)


class EventTooLong(ValueError):
    """One event is longer than any chunk of a completion."""


class EventReader:
    """Turns the pieces of a body into the data of its events. Comments and other fields are passed over."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that ends in this piece. Raises EventTooLong."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        events = [event for line in lines if (event := self._line(line.removesuffix(b"\r"))) is not None]
        if self._size + len(self._rest) > self.most_bytes:
            raise EventTooLong
        return events

    def _line(self, line: bytes) -> bytes | None:
        if not line:
            event, self._data, self._size = self._data, [], 0
            # An event without data is sent to keep a connection alive.
            return b"\n".join(event) if any(event) else None
        if line.startswith(b"data:"):
            value = line[5:].removeprefix(b" ")
            self._data.append(value)
            self._size += len(value)
        return None


PATH = "/chat/completions"
MAX_ANSWER_BYTES = 32_000_000
MAX_EVENT_BYTES = 4_000_000
MAX_ERROR_BYTES = 65_536
MAX_MESSAGE_CHARACTERS = 500
# Statuses by which a server says that the request itself is at fault.
REFUSALS = (400, 413, 422)
TOO_MANY_REQUESTS = 429
WORD: Final = re.compile(r"[\w.\[\]-]{1,100}", re.ASCII)
DONE = b"[DONE]"
# Made once: `json.dumps` would make an encoder for each body.
_WRITER: Final = json.JSONEncoder(ensure_ascii=False)


class Upstream:
    """Calls one model of one server; callers know it by its public name. Without a URL it is never available."""

    def __init__(
        self,
        url: str | None,
        api_key: str | None,
        model: str,
        public_name: str,
        timeout_seconds: float,
        most_connections: int,
        meters: GatewayMeters,
    ) -> None:
        self.url = None if url is None else url.rstrip("/").removesuffix(PATH) + PATH
        self.model = model
        self.public_name = public_name
        self.timeout_seconds = timeout_seconds
        self.meters = meters
        self.most_connections = most_connections
        self._secret = api_key
        self._requests = None if self.url is None else UpstreamRequests(self.url, api_key)
        self._pool: UpstreamPool | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """For the time of the block it can be called; then all connections are closed."""
        if self.url is None:
            yield
            return
        pool = self._pool = UpstreamPool(self.url, self.most_connections, self.timeout_seconds)
        try:
            yield
        finally:
            self._pool = None
            pool.close()

    async def complete(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> dict[str, Any]:
        """The whole answer as a JSON object. Raises UpstreamFault."""
        try:
            with Exchange(self.meters, span) as call:
                async with asyncio.timeout(self.timeout_seconds), self._sent(body, call) as answer:
                    return _object(await _read(answer, MAX_ANSWER_BYTES, call.piece))
        except TimeoutError:
            raise UpstreamTimeout(f"no answer within {self.timeout_seconds:g} s") from None

    async def stream(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> AsyncGenerator[dict[str, Any], None]:
        """Each event's JSON object, up to `[DONE]`. Raises UpstreamFault, also if the stream ends without it."""
        with Exchange(self.meters, span) as call:
            async with aclosing(self._events(body, call)) as groups:
                while True:
                    for event in await self._next(groups):
                        if event == DONE:
                            return
                        yield _object(event)

    def note_fault(self, call_id: str, fault: UpstreamFault) -> None:
        """Log and count a fault that ended a call."""
        structlog.get_logger("gateway").warning("upstream_fault", call=call_id, reason=fault.detail)
        self.meters.upstream_failed(fault.kind)

    async def _next(self, groups: AsyncGenerator[list[bytes], None]) -> list[bytes]:
        """The events that came next, at least one. The time that the caller spends on them does not count."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                events = await anext(groups, None)
        except TimeoutError:
            raise UpstreamTimeout(f"nothing came for {self.timeout_seconds:g} s") from None
        if events is None:
            raise UpstreamUnavailable("the stream ended without [DONE]")
        return events

    async def _events(self, body: Mapping[str, Any], call: Exchange) -> AsyncGenerator[list[bytes], None]:
        """Those that come together, together. What is no event does not count: it must not prolong the wait for one."""
        reader = EventReader(MAX_EVENT_BYTES)
        async with self._sent(body, call) as answer:
            kind = answer.headers.get(b"content-type", b"").decode("latin-1")
            if not kind.startswith("text/event-stream"):
                raise BadUpstreamResponse(f"the answer is no event stream but {kind[:MAX_MESSAGE_CHARACTERS]!r}")
            while (piece := await answer.piece()) is not None:
                call.piece()
                try:
                    events = reader.feed(piece)
                except EventTooLong:
                    raise BadUpstreamResponse(f"an event is longer than {MAX_EVENT_BYTES} bytes") from None
                if events:
                    yield events

    @asynccontextmanager
    async def _sent(self, body: Mapping[str, Any], call: Exchange) -> AsyncIterator[UpstreamAnswer]:
        pool = self._pool
        if self._requests is None or pool is None:
            raise UpstreamUnavailable("WEIGHBRIDGE_UPSTREAM_URL is not set")
        request = self._requests.post(_WRITER.encode({"model": self.model, **body}).encode(), call.traceparent)
        connection = None
        try:
            connection = await pool.take()
            # It is sent once: the upstream may have begun to work on it, and be paid for that, when it breaks off.
            answer = connection.ask(request)
            await answer.head()
            call.status(answer.status)
            if answer.status != 200:
                await self._refuse(answer)
            yield answer
        except NotHttp as error:
            raise BadUpstreamResponse(f"the answer is no valid HTTP: {_on_one_line(str(error))}") from error
        except (ConnectionEnded, OSError, UnicodeError) as error:  # the last for a name that no host can have
            raise UpstreamUnavailable(f"{type(error).__name__}: {_on_one_line(str(error))}") from error
        finally:
            if connection is not None:
                pool.give_back(connection)

    async def _refuse(self, answer: UpstreamAnswer) -> NoReturn:
        error = await _error(answer)
        text = error.message if self._secret is None else error.message.replace(self._secret, "***")
        if answer.status in REFUSALS:
            raise RefusedByUpstream(error._replace(message=text.replace(self.model, self.public_name)))
        wait = answer.headers.get(b"retry-after", b"")
        headers = ((b"retry-after", wait),) if wait.isdigit() else ()
        if answer.status == TOO_MANY_REQUESTS:
            raise BusyUpstream(text, headers)
        raise UpstreamUnavailable(f"status {answer.status}: {text}", headers)


async def _read(answer: UpstreamAnswer, most_bytes: int, on_piece: Callable[[], None] = lambda: None) -> bytes:
    body = bytearray()
    while (piece := await answer.piece()) is not None:
        on_piece()
        body += piece
        if len(body) > most_bytes:
            raise BadUpstreamResponse(f"the answer is longer than {most_bytes} bytes")
    return bytes(body)


async def _error(answer: UpstreamAnswer) -> UpstreamError:
    """What an error says, on one line and cut short."""
    try:
        fields = _object(await _read(answer, MAX_ERROR_BYTES))
    except UpstreamFault:
        return UpstreamError(f"status {answer.status}")
    error = fields.get("error", fields)
    message = error.get("message") if isinstance(error, dict) else error
    text = _on_one_line(message if isinstance(message, str) else f"status {answer.status}")
    code, param = (error.get("code"), error.get("param")) if isinstance(error, dict) else (None, None)
    return UpstreamError(text, _word(code), _word(param))


def _word(value: Any) -> str | None:
    """Return a code or the name of a property as it is; None for what is not one."""
    return value if isinstance(value, str) and WORD.fullmatch(value) else None


def _on_one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_MESSAGE_CHARACTERS]


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = _READER.decode(text.decode("utf-8", "surrogatepass").removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise BadUpstreamResponse(f"it is not JSON: {type(error).__name__}") from None
    if not isinstance(value, dict):
        raise BadUpstreamResponse("it is not a JSON object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_READER: Final = json.JSONDecoder(parse_constant=_no_constant)
