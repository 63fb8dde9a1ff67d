"""Reading a request body within bounds: type, size and time."""

import asyncio

from starlette.types import Receive, Scope

from service.errors import BODY_TIMEOUT, OVERLOADED, TOO_LARGE, UNSUPPORTED_MEDIA, Refusal
from service.in_flight import InFlight
from service.trace import Trace, trace_of


class BodyReader:
    """Reads bodies of `media_type` and at most `max_bytes` that arrive within `timeout_seconds`.

    What has come in is held in the budget `in_flight` until the request is over.
    """

    def __init__(
        self, max_bytes: int, timeout_seconds: float, in_flight: InFlight, media_type: str = "application/json"
    ) -> None:
        self.max_bytes = max_bytes
        self.timeout_seconds = timeout_seconds
        self.in_flight = in_flight
        self.media_type = media_type
        self.too_large = TOO_LARGE.saying(f"The request body is too large: the limit is {max_bytes} bytes.")

    async def read(self, scope: Scope, receive: Receive) -> bytes | Refusal:
        """The body, or why it is not read. A declared length over the limit is refused unread."""
        headers = dict(scope["headers"])
        if refusal := _media_refusal(headers, self.media_type):
            return refusal
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > self.max_bytes:
            return self.too_large
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._receive_all(receive, trace_of(scope))
        except TimeoutError:
            return BODY_TIMEOUT

    async def _receive_all(self, receive: Receive, trace: Trace) -> bytes | Refusal:
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
            if not self.in_flight.take_for_request(trace, len(chunk)):
                return OVERLOADED
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def _media_refusal(headers: dict[bytes, bytes], wanted: str) -> Refusal | None:
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != wanted.encode():
        return UNSUPPORTED_MEDIA.saying(f"Send the body as {wanted}.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        return UNSUPPORTED_MEDIA.saying("A Content-Encoding is not accepted: send the body uncompressed.")
    return None
