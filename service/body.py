"""Reading a request body within bounds: type, size and time."""

import asyncio
from collections.abc import Mapping

from starlette.types import Receive, Scope

from service.errors import BODY_TIMEOUT, OVERLOADED, TOO_LARGE, UNSUPPORTED_MEDIA, Refusal
from service.head import named_headers
from service.in_flight import InFlight
from service.senders import hold_more

# Larger bodies are parsed in a thread: a million names take a second.
INLINE_BODY_BYTES = 65_536
# In a scope: all of a small body, where it has come already. Then nothing is waited for, and no time is kept.
WHOLE_BODY = "weighbridge.whole_body"


class BodyReader:
    """Reads bodies of `media_type` and at most `max_bytes` that arrive within `timeout_seconds`.

    What `read` returns is held in the room `in_flight` until the request is over, or its handler keeps less.
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
        """A small body that has come with its head, or why it is not read; None where `read` has to wait for it.

        It is not held: for a handler that parses it in the same turn of the event loop.
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
        """The body, or why it is not read. A declared length over the limit is refused unread."""
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
