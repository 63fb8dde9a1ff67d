"""The reply to a streamed call: sends what the call writes for as long as the caller is there."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.types import Receive, Scope, Send

from service.billing.charges import BalanceSnapshot
from service.gateway.call import RunningCalls
from service.gateway.stream_writer import EVENTS_CONTENT_TYPE
from service.gateway.streaming import StreamedCall
from service.http.context import context_of
from service.http.error_formats import error_reply
from service.http.errors import NO_RETRY, Refusal
from service.http.responses import Header, Reply, disconnected

TRAILERS = (b"x-request-cost-inr", b"x-credit-balance-inr", b"x-tokens-input", b"x-tokens-output")


class StreamReply:
    """An ASGI application that sends a streamed answer.

    With `is_final` the answer is held back and sent whole, with the headers of its bill. `on_left` is called if the
    caller hangs up before the answer is sent.
    """

    def __init__(
        self, call: StreamedCall, calls: RunningCalls, *, is_final: bool, on_left: Callable[[], None] | None = None
    ) -> None:
        self.call = call
        self.calls = calls
        self.is_final = is_final
        self.on_left = on_left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer. Abandon the call if the caller hangs up, or this task is cancelled."""
        gone = asyncio.create_task(disconnected(receive))
        gone.add_done_callback(self._abandon)
        try:
            either: set[asyncio.Future[Any]] = {self.call.outcome, gone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not self.call.outcome.done():
                return
            outcome = self.call.outcome.result()
            if isinstance(outcome, Refusal):
                context = context_of(scope)
                context.refusal = outcome.code
                await error_reply(outcome, scope["path"], context.trace_id)(scope, receive, send)
            elif self.is_final:
                reply = await self._whole_reply(outcome)
                await reply(scope, receive, send)
            else:
                await self._relay(outcome, _takes_trailers(scope), send)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    def _abandon(self, gone: asyncio.Task[None]) -> None:
        if self.on_left is not None and not gone.cancelled():
            self.on_left()
        self.calls.abandon(self.call)

    async def _relay(self, snapshot: BalanceSnapshot, takes_trailers: bool, send: Send) -> None:
        headers = [
            (b"content-type", EVENTS_CONTENT_TYPE),
            (b"x-accel-buffering", b"no"),
            *snapshot.headers(),
            (b"x-tokens-input", str(self.call.prepared.size.counted).encode()),
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

    async def _whole_reply(self, snapshot: BalanceSnapshot) -> Reply:
        pieces: list[bytes] = []
        while (piece := await self.call.channel.take()) is not None:
            pieces.append(piece)
        headers: list[Header] = snapshot.headers() if self.call.bill is None else self.call.bill.headers()
        if self.call.failure is not None:
            headers.append(NO_RETRY)
        return Reply(200, b"".join(pieces), headers, EVENTS_CONTENT_TYPE)


def _takes_trailers(scope: Scope) -> bool:
    """Return whether the server can send trailers and the caller accepts them."""
    offered = "http.response.trailers" in (scope.get("extensions") or {})
    accepted = (value for name, value in scope["headers"] if name == b"te")
    return offered and any(b"trailers" in value.lower() for value in accepted)
