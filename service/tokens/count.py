"""`POST /v1/tokens/count`: count a text or a chat for many models, and price each count."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from sys import getsizeof
from typing import Final

from starlette.types import Receive, Scope

from pricing_data import PriceBook
from service.auth.accounts import Principal
from service.http.context import RequestContext, context_of, hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, Refusal
from service.http.request_limits import INLINE_BODY_BYTES, BodyReader
from service.http.responses import Reply
from service.observability.tracing import NO_SPAN, SpanValue, within
from service.tokens.chat_counting import MAX_INLINE_NAMES, ChatCounting, as_count
from service.tokens.chat_requests import ChatInput
from service.tokens.count_entries import CountEntries
from service.tokens.counting_pool import Caller, CountingPool
from service.tokens.prices import version_header
from service.tokens.providers.counts import ProviderCounts
from service.tokens.requests import CountRequest, CountRequests
from tokenizer_registry import Count, UncountableText

VOCABULARY: Final = attrgetter("vocabulary")


class CountEndpoint:
    """Counts a text or a chat for many models and prices each count.

    `now` returns the time in UTC, whose date is that of the prices.
    `on_counted` is called with the vocabularies of each counted text: one for each model, None without a count.
    """

    def __init__(
        self,
        reader: BodyReader,
        requests: CountRequests,
        pool: CountingPool,
        providers: ProviderCounts,
        book: PriceBook,
        now: Callable[[], datetime],
        on_counted: Callable[[tuple[str | None, ...]], None] = lambda _: None,
    ) -> None:
        self.reader = reader
        self.requests = requests
        self.pool = pool
        self.providers = providers
        self.now = now
        self.on_counted = on_counted
        self.chats = ChatCounting(pool)
        self.entries = CountEntries(pool.registry, book)
        self._version = version_header(book)

    async def count(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Count the text or the chat of a request."""
        body = self.reader.whole(scope) or await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        if len(body) <= INLINE_BODY_BYTES:
            request = self.requests.parse(body)
        else:
            caller = Caller(principal.account_id, receive)
            request = await self.pool.run(caller, partial(self.requests.parse, body))
        if isinstance(request, Refusal):
            return request
        context = context_of(scope)
        if context.hold is not None:
            del body  # this coroutine would keep it in memory until its end
            context.keep(getsizeof(request.text) if request.chat is None else request.chat.size_bytes)
        day = self.now().date()
        if request.as_of is not None and request.as_of > day:
            return INVALID_REQUEST.saying(f"as_of: {request.as_of} is not over yet; the newest prices are of {day}.")
        if request.chat is not None:
            return await self._count_chat(request, request.chat, scope, receive, day)
        try:
            # Synchronous fast path: a small text is counted without awaiting.
            is_plain = not request.estimate and context.span is NO_SPAN
            inline = self.pool.count_inline(request.text, request.models) if is_plain else None
            counts = await self._counts(request, context, receive) if inline is None else inline
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"input: {fault}")
        if isinstance(counts, Refusal):
            return counts
        if request.estimate:
            counts = await self.providers.improve(request.text, request.models, counts)
        self.on_counted(tuple(map(VOCABULARY, counts)))
        if context.span is not NO_SPAN:
            context.span.note(lambda: _facts(counts))
        return Reply(200, self._written(request, counts, request.as_of or day, context.account_id), (self._version,))

    def _written(self, request: CountRequest, counts: Sequence[Count], day: date, account_id: str | None) -> bytes:
        if request.detail or request.names is not None:
            return self.entries.write(request, counts, day, account_id)
        # Fast path: the entries of these models are cached, and so are their texts by the number of tokens.
        cached = self.entries.of_models(request.models, day)
        entries = [entry.write(count.tokens) for entry, count in zip(cached, counts, strict=True)]
        return f"[{{{'},{'.join(entries)}}}]".encode()

    def _counts(
        self, request: CountRequest, context: RequestContext, receive: Receive
    ) -> Awaitable[list[Count] | Refusal]:
        caller = Caller(context.account_id or "", receive)
        work = self.pool.count(request.text, request.models, request.estimate, context.held_bytes, caller)
        return within(context.span, "count", work)

    async def _count_chat(
        self, request: CountRequest, chat: ChatInput, scope: Scope, receive: Receive, day: date
    ) -> Reply | Refusal:
        context = context_of(scope)
        caller = Caller(context.account_id or "", receive)
        work = self.chats.count(chat, request.counted_names, request.as_of, caller, context.held_bytes)
        found = await within(context.span, "count", work)
        if isinstance(found, Refusal):
            return found
        counts = [as_count(each, estimate=request.estimate) for each in found]
        self.on_counted(tuple(map(VOCABULARY, counts)))
        if context.span is not NO_SPAN:
            context.span.note(lambda: _facts(counts))
        # Writing the parts for the whole catalogue takes 50 ms.
        write = partial(self.entries.write, request, counts, request.as_of or day, context.account_id, found)
        written = write() if len(found) <= MAX_INLINE_NAMES else await self.pool.run(caller, write)
        if isinstance(written, Refusal):
            return written
        # Without details a reply is as small as that to a text, for which nothing is held.
        is_held = context.hold is not None or request.detail
        if is_held and not hold_exactly(scope, self.pool.in_flight, len(written)):
            return OVERLOADED
        return Reply(200, written, (self._version,))


def _facts(counts: list[Count]) -> dict[str, SpanValue | None]:
    """Return the attributes of a span that counts."""
    return {
        "weighbridge.vocabularies": sorted({count.vocabulary for count in counts if count.vocabulary is not None}),
        "weighbridge.tokens": max((count.tokens or 0 for count in counts), default=0),
    }
