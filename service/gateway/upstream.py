"""The upstream: an OpenAI-compatible server, and the only place that speaks HTTP as a client."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, NoReturn

import httpx2

from service.gateway.events import EventReader, EventTooLong
from service.gateway.faults import (
    BadUpstreamResponse,
    RefusedByUpstream,
    UpstreamFault,
    UpstreamTimeout,
    UpstreamUnavailable,
)

PATH = "/chat/completions"
CONNECT_SECONDS = 10.0
MOST_ANSWER_BYTES = 32_000_000
MOST_EVENT_BYTES = 4_000_000
MOST_ERROR_BYTES = 65_536
MOST_MESSAGE_CHARACTERS = 500
# Statuses by which a server says that the request itself is at fault.
REFUSALS = (400, 413, 422)
DONE = b"[DONE]"


class Upstream:
    """Calls one model of one server; callers know it by its public name. Without a URL it is never available."""

    def __init__(
        self, url: str | None, api_key: str | None, model: str, public_name: str, timeout_seconds: float
    ) -> None:
        self.url = None if url is None else url.rstrip("/").removesuffix(PATH) + PATH
        self.model = model
        self.public_name = public_name
        self.timeout_seconds = timeout_seconds
        self._secret = api_key
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        self._client = httpx2.AsyncClient(
            headers=headers,
            # Reads are bounded by this class: a keep-alive comment must not prolong the wait for an answer.
            timeout=httpx2.Timeout(None, connect=min(CONNECT_SECONDS, timeout_seconds)),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=50),
            trust_env=False,
        )

    async def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The whole answer as a JSON object. Raises UpstreamFault."""
        try:
            async with asyncio.timeout(self.timeout_seconds), self._sent(body) as response:
                return _object(await _read(response, MOST_ANSWER_BYTES))
        except TimeoutError:
            raise UpstreamTimeout(f"no answer within {self.timeout_seconds:g} s") from None

    async def stream(self, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Each event's JSON object, up to `[DONE]`. Raises UpstreamFault, also if the stream ends without it."""
        events = self._events(body)
        async with aclosing(events):
            while (event := await self._next(events)) != DONE:
                yield _object(event)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

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

    async def _events(self, body: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        reader = EventReader(MOST_EVENT_BYTES)
        async with self._sent(body) as response:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("text/event-stream"):
                raise BadUpstreamResponse(f"the answer is no event stream but {kind!r}")
            async for piece in response.aiter_raw():
                try:
                    events = reader.feed(piece)
                except EventTooLong:
                    raise BadUpstreamResponse(f"an event is longer than {MOST_EVENT_BYTES} bytes") from None
                for event in events:
                    yield event

    @asynccontextmanager
    async def _sent(self, body: Mapping[str, Any]) -> AsyncIterator[httpx2.Response]:
        if self.url is None:
            raise UpstreamUnavailable("WEIGHBRIDGE_UPSTREAM_URL is not set")
        content = json.dumps({"model": self.model, **body}, ensure_ascii=False).encode()
        try:
            async with self._client.stream("POST", self.url, content=content) as response:
                if response.status_code != 200:
                    await self._refuse(response)
                yield response
        except httpx2.TimeoutException as error:
            raise UpstreamUnavailable(f"cannot connect: {type(error).__name__}") from error
        except httpx2.RemoteProtocolError as error:
            closed = "disconnected" in str(error) or "closed" in str(error)
            fault = UpstreamUnavailable if closed else BadUpstreamResponse
            raise fault(f"{type(error).__name__}: {error}") from error
        except httpx2.TransportError as error:
            raise UpstreamUnavailable(f"{type(error).__name__}: {error}") from error

    async def _refuse(self, response: httpx2.Response) -> NoReturn:
        text = await _error_text(response)
        if self._secret is not None:
            text = text.replace(self._secret, "***")
        if response.status_code in REFUSALS:
            raise RefusedByUpstream(text.replace(self.model, self.public_name))
        wait = response.headers.get("retry-after", "")
        headers = ((b"retry-after", wait.encode()),) if wait.isascii() and wait.isdigit() else ()
        raise UpstreamUnavailable(f"status {response.status_code}: {text}", headers)


async def _read(response: httpx2.Response, most_bytes: int) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > most_bytes:
            raise BadUpstreamResponse(f"the answer is longer than {most_bytes} bytes")
    return bytes(body)


async def _error_text(response: httpx2.Response) -> str:
    """What an error says, on one line and cut short."""
    try:
        fields = _object(await _read(response, MOST_ERROR_BYTES))
    except UpstreamFault:
        return f"status {response.status_code}"
    error = fields.get("error", fields)
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else f"status {response.status_code}"
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
