"""`POST /v1/chat/completions`: from a body to a call that runs by itself."""

import asyncio
from dataclasses import dataclass

from starlette.types import Receive, Scope

from service.accounts import Principal
from service.body import BodyReader
from service.caller import Caller
from service.errors import UNAVAILABLE, Refusal
from service.gateway.call import Means
from service.gateway.calls import Calls
from service.gateway.envelope import Envelope
from service.gateway.idempotency import Idempotency
from service.gateway.order import Order, Orders
from service.gateway.plain import PlainCall
from service.gateway.request import ChatRequests
from service.gateway.stream_reply import StreamReply
from service.gateway.streamed import Patience, StreamedCall
from service.reply import Reply
from service.trace import trace_of


@dataclass(frozen=True, slots=True)
class Names:
    """What the gateway calls its model."""

    model: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """Makes calls of requests."""

    reader: BodyReader
    requests: ChatRequests
    idempotency: Idempotency
    orders: Orders
    names: Names
    means: Means
    calls: Calls
    patience: Patience

    async def complete(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | StreamReply | Refusal:
        """Answer one request."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        request = self.requests.parse(body)
        if isinstance(request, Refusal):
            return request
        claim = self.idempotency.claim(scope, principal, body)
        if isinstance(claim, Refusal):
            return claim
        earlier = None if claim is None else await self.idempotency.earlier(claim)
        if earlier is not None:
            return earlier
        trace = trace_of(scope)
        with trace.span.child("count"):
            size = await self.means.counter.size(request, Caller(principal.account_id, receive))
        if isinstance(size, Refusal):
            return size
        if self.calls.is_closing:
            return UNAVAILABLE
        order = self.orders.place(request, size, principal, trace, claim)
        return self._streamed(order, scope) if request.stream else await self._plain(order)

    def _envelope(self, order: Order) -> Envelope:
        created = int(order.placed_at.timestamp())
        return Envelope(order.shown_id, self.names.model, self.names.fingerprint, created)

    async def _plain(self, order: Order) -> Reply | Refusal:
        call = PlainCall(order, self._envelope(order), self.means)
        self.calls.start(call)
        return await asyncio.shield(call.outcome)

    def _streamed(self, order: Order, scope: Scope) -> StreamReply:
        call = StreamedCall(order, self._envelope(order), self.means, self.patience)
        self.calls.start(call)
        wanted = (value for name, value in scope["headers"] if name == b"x-billing-headers")
        return StreamReply(call, self.calls, is_final=any(value.strip().lower() == b"final" for value in wanted))
