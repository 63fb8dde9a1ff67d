"""`POST /v1/chat/completions`: from a body to a call that runs by itself."""

import asyncio
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from starlette.types import Receive, Scope

from service.auth.accounts import Principal
from service.auth.authenticator import Authenticator
from service.auth.credentials import gateway_api_key
from service.billing.idempotency import Idempotency
from service.billing.ledger import Claim
from service.gateway.call import Envelope, Means, PlainCall
from service.gateway.joining import Attempt, Joining, attempt_number
from service.gateway.prepared_call import Order, Orders
from service.gateway.request import ChatRequest, ChatRequests
from service.gateway.running_calls import Calls
from service.gateway.stream_reply import StreamReply
from service.gateway.streaming import Patience, StreamedCall
from service.http.context import context_of
from service.http.errors import OVERLOADED, UNAVAILABLE, Refusal
from service.http.request_limits import INLINE_BODY_BYTES, BodyReader, hold_exactly, memory_of
from service.http.responses import Reply
from service.tokens.counting_pool import Caller, CountingPool


@dataclass(frozen=True, slots=True)
class Names:
    """What the gateway calls its model."""

    model: str
    fingerprint: str


class ReadRequest(NamedTuple):
    """What is kept of a body: the request, its bytes in memory, and a digest of a call that may be repeated."""

    request: ChatRequest
    size_bytes: int
    body_digest: str | None


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """Makes calls of requests."""

    reader: BodyReader
    pool: CountingPool
    requests: ChatRequests
    idempotency: Idempotency
    joining: Joining
    authenticator: Authenticator
    orders: Orders
    names: Names
    means: Means
    calls: Calls
    patience: Patience

    async def complete(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | StreamReply | Refusal:
        """Answer one request."""
        if self.calls.is_closing:
            return UNAVAILABLE
        key = self.idempotency.key(scope)
        if isinstance(key, Refusal):
            return key
        caller = Caller(principal.account_id, receive)
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        number = attempt_number(scope) if key is None else None
        read = await self._read(body, caller, repeatable=key is not None or number is not None)
        del body  # the frame of a coroutine would keep it for as long as the call runs
        if isinstance(read, Refusal):
            return read
        if not hold_exactly(scope, self.pool.in_flight, read.size_bytes):
            return OVERLOADED
        request, context = read.request, context_of(scope)
        context.reply_headers = (*context.reply_headers, *self.orders.notes(request))
        digest = read.body_digest or ""
        claim = None if key is None else self.idempotency.claim(key, principal, digest)
        attempt = None if number is None else Attempt.of(number, principal.key_id, digest)
        earlier = await self._earlier(claim, attempt, caller)
        if earlier is not None:
            return earlier
        with context.span.child("count"):
            size = await self.means.counter.size(request, caller)
        if isinstance(size, Refusal):
            return size
        if self.calls.is_closing:
            return UNAVAILABLE
        order = self.orders.place(request, size, principal, context, claim)
        if request.stream:
            return self._streamed(order, scope, attempt)
        return await self._plain(order, scope, receive, attempt)

    async def _earlier(self, claim: Claim | None, attempt: Attempt | None, caller: Caller) -> Reply | Refusal | None:
        """Return the answer of an earlier call that this one repeats, or why there is none; None if it repeats none."""
        if claim is not None:
            return await self.idempotency.earlier(claim)
        if attempt is not None and attempt.number > 0:
            return await self.joining.earlier(attempt, caller)
        return None

    async def _read(self, body: bytes, caller: Caller, *, repeatable: bool) -> ReadRequest | Refusal:
        if len(body) <= INLINE_BODY_BYTES:
            return self._parsed(body, repeatable)
        return await self.pool.run(caller, partial(self._parsed, body, repeatable))

    def _parsed(self, body: bytes, repeatable: bool) -> ReadRequest | Refusal:
        request = self.requests.parse(body)
        if isinstance(request, Refusal):
            return request
        # Of a small body the size itself is near enough, and costs nothing.
        size_bytes = len(body) if len(body) <= INLINE_BODY_BYTES else memory_of((request.messages, request.options))
        return ReadRequest(request, size_bytes, sha256(body).hexdigest() if repeatable else None)

    def _envelope(self, order: Order) -> Envelope:
        created = int(order.placed_at.timestamp())
        return Envelope(order.shown_id, self.names.model, self.names.fingerprint, created)

    async def _plain(self, order: Order, scope: Scope, receive: Receive, attempt: Attempt | None) -> Reply | Refusal:
        call = PlainCall(order, self._envelope(order), self.means)
        self.calls.start(call, context_of(scope).hand_over())
        if attempt is None:
            return await asyncio.shield(call.outcome)
        with self.joining.watching(receive, partial(self.joining.left, attempt, call)):
            return await asyncio.shield(call.outcome)

    def _streamed(self, order: Order, scope: Scope, attempt: Attempt | None) -> StreamReply:
        secret = gateway_api_key(scope)
        accepts_key = self.authenticator.watch(secret if isinstance(secret, str) else "")
        call = StreamedCall(order, self._envelope(order), self.means, self.patience, accepts_key)
        self.calls.start(call, context_of(scope).hand_over())
        wanted = (value for name, value in scope["headers"] if name == b"x-billing-headers")
        is_final = any(value.strip().lower() == b"final" for value in wanted)
        if attempt is None:
            return StreamReply(call, self.calls, is_final=is_final)
        if is_final:
            call.keep_answer()  # its caller may leave at any time before the end, and has nothing then
        on_left = partial(self._stream_left, attempt, call)
        return StreamReply(call, self.calls, is_final=is_final, on_left=on_left)

    def _stream_left(self, attempt: Attempt, call: StreamedCall) -> None:
        """Once a part of an answer was sent, its caller does not try again: SDKs do so before its head only."""
        if call.keep_answer():
            self.joining.left(attempt, call)
