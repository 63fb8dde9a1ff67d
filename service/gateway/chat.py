"""`POST /v1/chat/completions`: from a request body to a call that runs in a task of its own."""

import asyncio
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from starlette.types import Receive, Scope

from service.auth.accounts import Principal
from service.auth.authenticator import Authenticator
from service.auth.policy import gateway_api_key
from service.billing.idempotency import Idempotency
from service.billing.ledger import Claim
from service.gateway.call import CallContext, Envelope, PlainCall, RunningCalls
from service.gateway.joining import RetryJoiner, SdkAttempt
from service.gateway.prepared_call import CallPreparer, PreparedCall
from service.gateway.request import ChatRequest, ChatRequests
from service.gateway.stream_reply import StreamReply
from service.gateway.streaming import StreamedCall, StreamTimeouts
from service.http.context import context_of, hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, UNAVAILABLE, Refusal
from service.http.request_limits import INLINE_BODY_BYTES, BodyReader, memory_of
from service.http.responses import Reply
from service.observability.tracing import NO_SPAN, within
from service.tokens.counting_pool import Caller, CountingPool

IDEMPOTENCY_KEY_HEADER = b"idempotency-key"
MAX_KEY_CHARACTERS = 255
RETRY_COUNT_HEADER = b"x-stainless-retry-count"
MAX_COUNT_DIGITS = 3


@dataclass(frozen=True, slots=True)
class PublicModel:
    """The name and the `system_fingerprint` that callers see of the gateway's model."""

    name: str
    fingerprint: str


class ReadRequest(NamedTuple):
    """A parsed body, its size in memory, and its SHA-256 digest, which is empty if the call is not repeatable."""

    request: ChatRequest
    size_bytes: int
    body_digest: str


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """Turns authorized requests into calls, and returns their replies."""

    reader: BodyReader
    pool: CountingPool
    requests: ChatRequests
    idempotency: Idempotency
    joiner: RetryJoiner
    authenticator: Authenticator
    preparer: CallPreparer
    model: PublicModel
    context: CallContext
    calls: RunningCalls
    timeouts: StreamTimeouts

    async def complete(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | StreamReply | Refusal:
        """Answer one request of an authorized caller."""
        if self.calls.is_closing:
            return UNAVAILABLE
        key = _idempotency_key(scope)
        if isinstance(key, Refusal):
            return key
        caller = Caller(principal.account_id, receive)
        number = _attempt_number(scope) if key is None else None
        read = await self._read(scope, receive, caller, repeatable=key is not None or number is not None)
        if isinstance(read, Refusal):
            return read
        claim = None if key is None else self.idempotency.claim(key, principal, read.body_digest)
        attempt = None if number is None else SdkAttempt.of(number, principal.key_id, read.body_digest)
        earlier = await self._find_earlier(claim, attempt, caller)
        if earlier is not None:
            return earlier
        prepared = await self._prepare(read.request, scope, principal, caller, claim)
        if isinstance(prepared, Refusal):
            return prepared
        if prepared.request.stream:
            return self._start_stream(prepared, scope, attempt)
        return await self._complete_plain(prepared, scope, receive, attempt)

    async def _read(self, scope: Scope, receive: Receive, caller: Caller, *, repeatable: bool) -> ReadRequest | Refusal:
        """Read and parse the body, and hold the memory of the request instead of that of its body."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        if len(body) <= INLINE_BODY_BYTES:
            read = self._parse(body, repeatable)
        else:
            read = await self.pool.run(caller, partial(self._parse, body, repeatable))
        if isinstance(read, Refusal):
            return read
        if not hold_exactly(scope, self.pool.in_flight, read.size_bytes):
            return OVERLOADED
        context = context_of(scope)
        context.reply_headers = (*context.reply_headers, *self.preparer.change_headers(read.request))
        return read

    def _parse(self, body: bytes, repeatable: bool) -> ReadRequest | Refusal:
        request = self.requests.parse(body)
        if isinstance(request, Refusal):
            return request
        # The length of a small body is close enough to its size in memory, which is slow to measure.
        size_bytes = len(body) if len(body) <= INLINE_BODY_BYTES else memory_of((request.messages, request.options))
        return ReadRequest(request, size_bytes, sha256(body).hexdigest() if repeatable else "")

    async def _prepare(
        self, request: ChatRequest, scope: Scope, principal: Principal, caller: Caller, claim: Claim | None
    ) -> PreparedCall | Refusal:
        """Count the prompt, and return the call that is ready to be authorized."""
        context = context_of(scope)
        work = self.context.counter.size(request, caller)
        size = await (work if context.span is NO_SPAN else within(context.span, "count", work))
        if isinstance(size, Refusal):
            return size
        if self.calls.is_closing:
            return UNAVAILABLE
        return self.preparer.prepare(request, size, principal, context, claim)

    async def _find_earlier(
        self, claim: Claim | None, attempt: SdkAttempt | None, caller: Caller
    ) -> Reply | Refusal | None:
        """Return the answer of the call that this one repeats, or why there is none; None if it repeats no call."""
        if claim is not None:
            return await self.idempotency.find_answer(claim)
        if attempt is not None and attempt.number > 0:
            return await self.joiner.find_answer(attempt, caller)
        return None

    def _envelope(self, prepared: PreparedCall) -> Envelope:
        created = int(prepared.created_at.timestamp())
        return Envelope(f"chatcmpl-{prepared.billable.id}", self.model.name, self.model.fingerprint, created)

    async def _complete_plain(
        self, prepared: PreparedCall, scope: Scope, receive: Receive, attempt: SdkAttempt | None
    ) -> Reply | Refusal:
        call = PlainCall(prepared, self._envelope(prepared), self.context)
        self.calls.start(call, context_of(scope).hand_over())
        if attempt is None:
            return await asyncio.shield(call.outcome)
        with self.joiner.watch_caller(receive, partial(self.joiner.follow, attempt, call)):
            return await asyncio.shield(call.outcome)

    def _start_stream(self, prepared: PreparedCall, scope: Scope, attempt: SdkAttempt | None) -> StreamReply:
        secret = gateway_api_key(scope)
        accepts_key = self.authenticator.watch(secret if isinstance(secret, str) else "")
        call = StreamedCall(prepared, self._envelope(prepared), self.context, self.timeouts, accepts_key)
        self.calls.start(call, context_of(scope).hand_over())
        modes = (value for name, value in scope["headers"] if name == b"x-billing-headers")
        is_final = any(value.strip().lower() == b"final" for value in modes)
        if attempt is None:
            return StreamReply(call, self.calls, is_final=is_final)
        if is_final:
            call.keep_answer()  # the caller gets nothing before the end, so a retry may need the whole answer
        on_left = partial(self._follow_stream, attempt, call)
        return StreamReply(call, self.calls, is_final=is_final, on_left=on_left)

    def _follow_stream(self, attempt: SdkAttempt, call: StreamedCall) -> None:
        """Follow a stream whose caller has left, unless a part was sent: SDKs retry only before the first byte."""
        if call.keep_answer():
            self.joiner.follow(attempt, call)


def _idempotency_key(scope: Scope) -> bytes | Refusal | None:
    """Return the key in a request's headers, None without one, or a refusal of an invalid or second one."""
    keys = {value.strip() for name, value in scope["headers"] if name == IDEMPOTENCY_KEY_HEADER}
    if not keys:
        return None
    key: bytes = keys.pop()
    if keys or not 1 <= len(key) <= MAX_KEY_CHARACTERS or not key.isascii():
        return INVALID_REQUEST.saying(f"Idempotency-Key: send one, of 1 to {MAX_KEY_CHARACTERS} ASCII characters.")
    return key


def _attempt_number(scope: Scope) -> int | None:
    """Return the number of the attempt that the request states, or None; of repeated headers the last counts."""
    values = [value for name, value in scope["headers"] if name == RETRY_COUNT_HEADER]
    if not values or not values[-1].isdigit() or len(values[-1]) > MAX_COUNT_DIGITS:
        return None
    return int(values[-1])
