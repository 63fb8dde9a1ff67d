"""The upstream: an OpenAI-compatible server, and the only place that speaks HTTP as a client."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from io import BytesIO
from typing import Any, NoReturn

import structlog
from aiohttp import (
    ClientError,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerTimeoutError,
    TCPConnector,
)
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from service.gateway.events import EventReader, EventTooLong
from service.gateway.exchange import Exchange
from service.gateway.faults import (
    BadUpstreamResponse,
    RefusedByUpstream,
    UpstreamFault,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from service.gateway.meters import GatewayMeters
from service.spans import NO_SPAN, Span

PATH = "/chat/completions"
CONNECT_SECONDS = 10.0
# Less than the 5 s after which common servers close an idle connection: a call must not meet its end.
IDLE_SECONDS = 4.0
MOST_ANSWER_BYTES = 32_000_000
MOST_EVENT_BYTES = 4_000_000
MOST_ERROR_BYTES = 65_536
MOST_MESSAGE_CHARACTERS = 500
# Statuses by which a server says that the request itself is at fault.
REFUSALS = (400, 413, 422)
DONE = b"[DONE]"
# Longer bodies are sent in pieces, so that other calls go on meanwhile.
MOST_BYTES_AT_ONCE = 1 << 20


class CleanConnector(TCPConnector):
    """Gives no connection to a call on which something came unasked: it would be taken for the call's answer."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  the parameter is TCPConnector's
    ) -> Connection:
        """See TCPConnector."""
        while True:
            connection = await super().connect(req, traces, timeout)
            if connection.protocol is not None and not connection.protocol.should_close:
                return connection
            connection.close()


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
        self._session: ClientSession | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """For the time of the block it can be called; then all connections are closed."""
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json", "User-Agent": "weighbridge"}
        if self._secret is not None:
            headers["Authorization"] = f"Bearer {self._secret}"
        async with ClientSession(
            connector=CleanConnector(limit=self.most_connections, keepalive_timeout=IDLE_SECONDS),
            headers=headers,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            # Reads are bounded by this class: a keep-alive comment must not prolong the wait for an answer.
            timeout=ClientTimeout(total=None, sock_connect=min(CONNECT_SECONDS, self.timeout_seconds)),
        ) as self._session:
            yield
        self._session = None

    async def complete(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> dict[str, Any]:
        """The whole answer as a JSON object. Raises UpstreamFault."""
        try:
            with Exchange(self.meters, span) as call:
                async with asyncio.timeout(self.timeout_seconds), self._sent(body, call) as response:
                    return _object(await _read(response, MOST_ANSWER_BYTES, call.piece))
        except TimeoutError:
            raise UpstreamTimeout(f"no answer within {self.timeout_seconds:g} s") from None

    async def stream(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> AsyncGenerator[dict[str, Any], None]:
        """Each event's JSON object, up to `[DONE]`. Raises UpstreamFault, also if the stream ends without it."""
        with Exchange(self.meters, span) as call:
            async with aclosing(self._events(body, call)) as events:
                while (event := await self._next(events)) != DONE:
                    yield _object(event)

    def note_fault(self, call_id: str, fault: UpstreamFault) -> None:
        """Log and count a fault that ended a call."""
        structlog.get_logger("gateway").warning("upstream_fault", call=call_id, reason=fault.detail)
        self.meters.upstream_failed(fault.kind)

    async def _next(self, events: AsyncGenerator[bytes, None]) -> bytes:
        """The next event. The time that the caller spends on one does not count."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                event = await anext(events, None)
        except TimeoutError:
            raise UpstreamTimeout(f"nothing came for {self.timeout_seconds:g} s") from None
        if event is None:
            raise UpstreamUnavailable("the stream ended without [DONE]")
        return event

    async def _events(self, body: Mapping[str, Any], call: Exchange) -> AsyncGenerator[bytes, None]:
        reader = EventReader(MOST_EVENT_BYTES)
        async with self._sent(body, call) as response:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("text/event-stream"):
                raise BadUpstreamResponse(f"the answer is no event stream but {kind!r}")
            async for piece in response.content.iter_any():
                call.piece()
                try:
                    events = reader.feed(piece)
                except EventTooLong:
                    raise BadUpstreamResponse(f"an event is longer than {MOST_EVENT_BYTES} bytes") from None
                for event in events:
                    yield event

    @asynccontextmanager
    async def _sent(self, body: Mapping[str, Any], call: Exchange) -> AsyncIterator[ClientResponse]:
        if self.url is None or self._session is None:
            raise UpstreamUnavailable("WEIGHBRIDGE_UPSTREAM_URL is not set")
        content = json.dumps({"model": self.model, **body}, ensure_ascii=False).encode()
        data = content if len(content) <= MOST_BYTES_AT_ONCE else BytesIO(content)
        try:
            # A POST is sent once: the upstream may have begun to work on it, and be paid for that, when it breaks off.
            async with self._session.post(self.url, data=data, headers=call.headers, allow_redirects=False) as response:
                call.status(response.status)
                if response.status != 200:
                    await self._refuse(response)
                yield response
        except ServerTimeoutError as error:
            raise UpstreamUnavailable(f"cannot connect: {type(error).__name__}") from error
        except ClientResponseError as error:
            raise BadUpstreamResponse(f"the answer is no valid HTTP: {_on_one_line(error.message)}") from error
        except ClientPayloadError as error:
            fault = UpstreamUnavailable if "not completed" in str(error) else BadUpstreamResponse
            raise fault(f"{type(error).__name__}: {_on_one_line(str(error))}") from error
        except (ClientError, OSError) as error:
            raise UpstreamUnavailable(f"{type(error).__name__}: {_on_one_line(str(error))}") from error

    async def _refuse(self, response: ClientResponse) -> NoReturn:
        text = await _error_text(response)
        if self._secret is not None:
            text = text.replace(self._secret, "***")
        if response.status in REFUSALS:
            raise RefusedByUpstream(text.replace(self.model, self.public_name))
        wait = response.headers.get("retry-after", "")
        headers = ((b"retry-after", wait.encode()),) if wait.isascii() and wait.isdigit() else ()
        raise UpstreamUnavailable(f"status {response.status}: {text}", headers)


async def _read(response: ClientResponse, most_bytes: int, on_piece: Callable[[], None] = lambda: None) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        on_piece()
        body += piece
        if len(body) > most_bytes:
            raise BadUpstreamResponse(f"the answer is longer than {most_bytes} bytes")
    return bytes(body)


async def _error_text(response: ClientResponse) -> str:
    """What an error says, on one line and cut short."""
    try:
        fields = _object(await _read(response, MOST_ERROR_BYTES))
    except UpstreamFault:
        return f"status {response.status}"
    error = fields.get("error", fields)
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else f"status {response.status}"
    return _on_one_line(text)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())[:MOST_MESSAGE_CHARACTERS]


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadUpstreamResponse(f"it is not JSON: {type(error).__name__}") from None
    if not isinstance(value, dict):
        raise BadUpstreamResponse("it is not a JSON object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
