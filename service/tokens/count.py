"""`POST /v1/tokens/count`: the line where tokens and prices meet."""

from collections.abc import Callable
from datetime import date
from functools import partial

from starlette.types import Receive, Scope

from pricing_data import Price, PriceBook, cost
from service import wire
from service.body import BodyReader
from service.counting import CountingPool
from service.errors import INVALID_REQUEST, Refusal
from service.providers.counts import ProviderCounts
from service.reply import Reply
from service.tokens.estimates import estimate_entry
from service.tokens.prices import provenance, version_header
from service.tokens.request import CountRequest, CountRequests
from service.trace import trace_of
from tokenizer_registry import Count, UncountableText

# Larger bodies are parsed in a thread: a million names take a second.
INLINE_BODY_BYTES = 65_536


class CountEndpoint:
    """Counts a text for many models and prices each count. `today` is the UTC date of the prices.

    `on_counted` is told the vocabularies of each text that was counted.
    """

    def __init__(
        self,
        reader: BodyReader,
        requests: CountRequests,
        pool: CountingPool,
        providers: ProviderCounts,
        book: PriceBook,
        today: Callable[[], date],
        on_counted: Callable[[set[str]], None] = lambda _: None,
    ) -> None:
        self.reader = reader
        self.requests = requests
        self.pool = pool
        self.providers = providers
        self.book = book
        self.today = today
        self.on_counted = on_counted

    async def count(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Answer one count."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        request = await self._parsed(body)
        if isinstance(request, Refusal):
            return request
        day = self.today()
        if request.as_of is not None and request.as_of > day:
            return INVALID_REQUEST.saying(f"as_of: {request.as_of} is not over yet; the newest prices are of {day}.")
        try:
            trace = trace_of(scope)
            with trace.span.child("count"):
                counts = await self.pool.count(request.text, request.models, request.estimate, trace.held_bytes)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"input: {fault}")
        if isinstance(counts, Refusal):
            return counts
        if request.estimate:
            counts = await self.providers.improve(request.text, request.models, counts)
        vocabularies = {count.vocabulary for count in counts if count.vocabulary is not None}
        self.on_counted(vocabularies)
        trace.span.note(
            lambda: {
                "weighbridge.vocabularies": sorted(vocabularies),
                "weighbridge.tokens": max((count.tokens or 0 for count in counts), default=0),
            }
        )
        return self._reply(request, counts, request.as_of or day)

    async def _parsed(self, body: bytes) -> CountRequest | Refusal:
        if len(body) <= INLINE_BODY_BYTES:
            return self.requests.parse(body)
        return await self.pool.run(partial(self.requests.parse, body))

    def _reply(self, request: CountRequest, counts: list[Count], day: date) -> Reply:
        entries: list[wire.Value] = [
            _entry(model, count, self.book.price(model, day), request)
            for model, count in zip(request.models, counts, strict=True)
        ]
        return Reply(200, wire.encode(entries), [version_header(self.book)])


def _entry(model: str, count: Count, price: Price | None, request: CountRequest) -> dict[str, wire.Value]:
    """One entry of the answer. Count and price are null independently; the cost needs both."""
    unit_price = price.input if price else None
    entry: dict[str, wire.Value] = {
        "model": model,
        "token_count": count.tokens,
        "token_cost": None if count.tokens is None or unit_price is None else cost(count.tokens, unit_price),
    }
    if request.detail:
        entry |= {
            "vocabulary": count.vocabulary,
            "method": count.method,
            "price_per_input_token": unit_price,
            **provenance(price),
        }
    return entry | estimate_entry(count) if request.estimate else entry
