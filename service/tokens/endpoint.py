"""A route of the token API: through the gate, to a handler, and out with the headers of the limits."""

from starlette.types import Receive, Scope, Send

from service.auth.policy import Gate
from service.http.context import context_of
from service.http.errors import Refusal, error_reply
from service.http.routing import Handler


class TokenEndpoint:
    """An ASGI application for one route; `handle` is called only for admitted calls."""

    def __init__(self, gate: Gate, handle: Handler) -> None:
        self.gate = gate
        self.handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        context = context_of(scope)
        admission = await self.gate.admit(scope)
        context.reply_headers = admission.headers
        outcome = admission.refusal or await self.handle(scope, receive)
        if isinstance(outcome, Refusal):
            context.refusal = outcome.code
            outcome = error_reply(outcome, scope["path"], context.trace_id)
        await outcome(scope, receive, send)
