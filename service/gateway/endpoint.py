"""A route of the gateway: through its gate, to a handler, and out in the gateway's name."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from starlette.types import Receive, Scope, Send

from service.gateway.stream_reply import StreamReply
from service.http.context import context_of
from service.http.errors import Refusal, error_reply
from service.http.responses import Reply

Outcome = Reply | StreamReply | Refusal
Caller = TypeVar("Caller")
Gate = Callable[[Scope], Awaitable[Caller | Refusal]]
Handler = Callable[[Scope, Receive, Caller], Awaitable[Outcome]]


class GatewayEndpoint(Generic[Caller]):
    """An ASGI application for one route; `handle` is called only for calls that `admit` lets in, with who calls."""

    def __init__(self, admit: Gate[Caller], handle: Handler[Caller]) -> None:
        self.admit = admit
        self.handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        context = context_of(scope)
        admitted = await self.admit(scope)
        outcome: Outcome = admitted if isinstance(admitted, Refusal) else await self.handle(scope, receive, admitted)
        if isinstance(outcome, Refusal):
            context.refusal = outcome.code
            outcome = error_reply(outcome, scope["path"], context.trace_id)
        await outcome(scope, receive, send)
