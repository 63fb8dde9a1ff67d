"""The reply to a streamed call: what the call's task writes, sent on to the caller while it is there."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.types import Receive, Scope, Send

from service.gateway.bill import Purse
from service.gateway.running_calls import Calls
from service.gateway.stream_writer import CONTENT_TYPE
from service.gateway.streaming import StreamedCall
from service.http.context import context_of
from service.http.errors import NO_RETRY, Refusal, error_reply
from service.http.responses import Header, Reply, disconnected

TRAILERS = (b"x-request-cost-inr", b"x-credit-balance-inr", b"x-tokens-input", b"x-tokens-output")


class StreamReply:
    """An ASGI application. With `is_final` the answer is held back and sent whole, with the headers of its bill.

    `on_left` is called if the caller hangs up before the answer is sent.
    """

    def __init__(
        self, call: StreamedCall, calls: Calls, *, is_final: bool, on_left: Callable[[], None] | None = None
    ) -> None:
        self.call = call
        self.calls = calls
        self.is_final = is_final
        self.on_left = on_left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; if the caller hangs up, or this task is cancelled, the call is notified."""
        gone = asyncio.create_task(disconnected(receive))
        gone.add_done_callback(self._caller_gone)
        try:
            either: set[asyncio.Future[Any]] = {self.call.outcome, gone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not self.call.outcome.done():
                return
            opening = self.call.outcome.result()
            if isinstance(opening, Refusal):
                context = context_of(scope)
                context.refusal = opening.code
                await error_reply(opening, scope["path"], context.trace_id)(scope, receive, send)
            elif self.is_final:
                reply = await self._whole(opening)
                await reply(scope, receive, send)
            else:
                await self._relay(opening, _takes_trailers(scope), send)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    def _caller_gone(self, gone: asyncio.Task[None]) -> None:
        if self.on_left is not None and not gone.cancelled():
            self.on_left()
        self.calls.abandon(self.call)

    async def _relay(self, purse: Purse, takes_trailers: bool, send: Send) -> None:
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"x-accel-buffering", b"no"),
            *purse.headers(),
            (b"x-tokens-input", str(self.call.order.size.counted).encode()),
        ]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        if takes_trailers:
            headers.append((b"trailer", b", ".join(TRAILERS)))
            start["trailers"] = True
        await send(start)
        while (piece := await self.call.channel.take()) is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        if takes_trailers:
            headers = self.call.bill.headers() if self.call.bill is not None else []
            trailers = [header for header in headers if header[0] in TRAILERS]
            await send({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})

    async def _whole(self, purse: Purse) -> Reply:
        pieces: list[bytes] = []
        while (piece := await self.call.channel.take()) is not None:
            pieces.append(piece)
        headers: list[Header] = purse.headers() if self.call.bill is None else self.call.bill.headers()
        if self.call.failure is not None:
            headers.append(NO_RETRY)
        return Reply(200, b"".join(pieces), headers, CONTENT_TYPE)


def _takes_trailers(scope: Scope) -> bool:
    """Whether the server can send trailers and the caller wants them."""
    offered = "http.response.trailers" in (scope.get("extensions") or {})
    wanted = (value for name, value in scope["headers"] if name == b"te")
    return offered and any(b"trailers" in value.lower() for value in wanted)
