"""Limits of requests: of their head and of their body."""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import chain
from sys import getsizeof
from typing import Any

from starlette.types import Receive, Scope

from service.http.context import InFlight, hold_more
from service.http.errors import (
    BODY_TIMEOUT,
    HEADERS_TOO_LARGE,
    OVERLOADED,
    TOO_LARGE,
    UNSUPPORTED_MEDIA,
    URL_TOO_LONG,
    Refusal,
)

MAX_URL_BYTES = 8_192
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32_768
# Scope key of the headers by name, set if no header is repeated and the head is within all limits.
NAMED_HEADERS = "weighbridge.named_headers"
# Scope key of the refusal of a head that was not received completely.
HEAD_REFUSAL = "weighbridge.head_refusal"


def named_headers(scope: Scope) -> Mapping[bytes, bytes]:
    """Return the headers by name; of repeated ones the last."""
    named: Mapping[bytes, bytes] | None = scope.get(NAMED_HEADERS)
    return dict(scope["headers"]) if named is None else named


def head_refusal(scope: Scope) -> Refusal | None:
    """Return the refusal of a head that is too large, or None."""
    if NAMED_HEADERS in scope:
        return None
    if HEAD_REFUSAL in scope:
        refusal: Refusal = scope[HEAD_REFUSAL]
        return refusal
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
        return URL_TOO_LONG
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > MAX_HEADER_BYTES:
        return HEADERS_TOO_LARGE
    return None


def memory_of(value: Any) -> int:
    """Return the bytes that a JSON value takes in memory."""
    inside: Iterable[Any] = ()
    if isinstance(value, dict):
        inside = (*value, *value.values())
    elif isinstance(value, list | tuple):
        inside = value
    return getsizeof(value) + sum(map(memory_of, inside))


# Larger bodies are parsed in a thread: a million names take a second.
INLINE_BODY_BYTES = 65_536
# Scope key of a small body that was received with its head, so that no reading has to be awaited.
WHOLE_BODY = "weighbridge.whole_body"


class BodyReader:
    """Reads bodies of `media_type` with at most `max_bytes` that arrive within `timeout_seconds`.

    `read` holds the bytes of the body in `in_flight` until the request is over or its handler releases them.
    """

    def __init__(
        self, max_bytes: int, timeout_seconds: float, in_flight: InFlight, media_type: str = "application/json"
    ) -> None:
        self.max_bytes = max_bytes
        self.timeout_seconds = timeout_seconds
        self.in_flight = in_flight
        self.media_type = media_type
        self._declared = media_type.encode()
        self.too_large = TOO_LARGE.saying(f"The request body is too large: the limit is {max_bytes} bytes.")

    def whole(self, scope: Scope) -> bytes | Refusal | None:
        """Return a small body that was received with its head, or a refusal; None if `read` has to be awaited.

        The bytes are not held: the handler has to parse them in the same turn of the event loop.
        """
        headers = named_headers(scope)
        is_usual = headers.get(b"content-type") == self._declared and b"content-encoding" not in headers
        if not is_usual and (refusal := self._media_refusal(headers)):
            return refusal
        whole: bytes | None = scope.get(WHOLE_BODY)
        if whole is None or len(whole) > self.max_bytes:
            return None
        return whole

    async def read(self, scope: Scope, receive: Receive) -> bytes | Refusal:
        """Return the body or a refusal. A declared length above the limit is refused without reading."""
        whole = self.whole(scope)
        if isinstance(whole, Refusal):
            return whole
        if whole is not None:
            del scope[WHOLE_BODY]
            return whole if hold_more(scope, self.in_flight, len(whole)) else OVERLOADED
        declared = named_headers(scope).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > self.max_bytes:
            return self.too_large
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._receive_all(scope, receive)
        except TimeoutError:
            return BODY_TIMEOUT

    async def _receive_all(self, scope: Scope, receive: Receive) -> bytes | Refusal:
        chunks: list[bytes] = []
        received_bytes = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return BODY_TIMEOUT
            chunk = message.get("body", b"")
            received_bytes += len(chunk)
            if received_bytes > self.max_bytes:
                return self.too_large
            if not hold_more(scope, self.in_flight, len(chunk)):
                return OVERLOADED
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _media_refusal(self, headers: Mapping[bytes, bytes]) -> Refusal | None:
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type != self._declared:
            return UNSUPPORTED_MEDIA.saying(f"Send the body as {self.media_type}.")
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            return UNSUPPORTED_MEDIA.saying("A Content-Encoding is not accepted: send the body uncompressed.")
        return None
