"""`POST /v1/tokens/count`: the line where tokens and prices meet."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from operator import attrgetter
from typing import NamedTuple

from starlette.types import Receive, Scope

from pricing_data import Price, PriceBook, cost, plain
from service import wire
from service.body import BodyReader
from service.counting import CountingPool
from service.errors import INVALID_REQUEST, Refusal
from service.providers.counts import ProviderCounts
from service.reply import Reply
from service.spans import NO_SPAN, Value, within
from service.tokens.estimates import estimate_entry
from service.tokens.prices import provenance, version_header
from service.tokens.request import CountRequest, CountRequests
from service.trace import trace_of
from tokenizer_registry import Count, UncountableText

# Larger bodies are parsed in a thread: a million names take a second.
INLINE_BODY_BYTES = 65_536
# What callers ask for again and again; a list of all models has a thousand of them.
MOST_OPENINGS = 256
# Texts of one size have about as many tokens: most entries come again.
MOST_ENTRIES = 16_384


class Openings(NamedTuple):
    """What is the same in all answers for a list of models on one day: how each entry begins, and the prices."""

    texts: Sequence[str]
    unit_prices: Sequence[Decimal | None]
    prices: Sequence[Price | None]


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
        self._version = version_header(book)
        self._openings = lru_cache(MOST_OPENINGS)(self._opened)

    async def count(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Answer one count."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        if len(body) <= INLINE_BODY_BYTES:
            request = self.requests.parse(body)
        else:
            request = await self.pool.run(partial(self.requests.parse, body))
        if isinstance(request, Refusal):
            return request
        day = self.today()
        if request.as_of is not None and request.as_of > day:
            return INVALID_REQUEST.saying(f"as_of: {request.as_of} is not over yet; the newest prices are of {day}.")
        try:
            trace = trace_of(scope)
            work = self.pool.count(request.text, request.models, request.estimate, trace.held_bytes)
            counts = await within(trace.span, "count", work)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"input: {fault}")
        if isinstance(counts, Refusal):
            return counts
        if request.estimate:
            counts = await self.providers.improve(request.text, request.models, counts)
        vocabularies = {count.vocabulary for count in counts if count.vocabulary is not None}
        self.on_counted(vocabularies)
        if trace.span is not NO_SPAN:
            trace.span.note(lambda: _facts(counts))
        return self._reply(request, counts, request.as_of or day)

    def _reply(self, request: CountRequest, counts: list[Count], day: date) -> Reply:
        texts, unit_prices, prices = self._openings(request.models, day)
        entries = map(_entry, texts, map(attrgetter("tokens"), counts), unit_prices)
        if request.detail:
            details = (_details(price, count, request) for price, count in zip(prices, counts, strict=True))
            entries = map(",".join, zip(entries, details, strict=True))
        return Reply(200, f"[{{{'},{'.join(entries)}}}]".encode(), (self._version,))

    def _opened(self, models: tuple[str, ...], day: date) -> Openings:
        prices = [self.book.price(model, day) for model in models]
        texts = [f'{wire.properties({"model": model})},"token_count":' for model in models]
        return Openings(texts, [price.input if price is not None else None for price in prices], prices)


def _facts(counts: list[Count]) -> dict[str, Value | None]:
    """What a trace tells of a count."""
    return {
        "weighbridge.vocabularies": sorted({count.vocabulary for count in counts if count.vocabulary is not None}),
        "weighbridge.tokens": max((count.tokens or 0 for count in counts), default=0),
    }


@lru_cache(MOST_ENTRIES)
def _entry(text: str, tokens: int | None, unit_price: Decimal | None) -> str:
    """The inside of an entry. Count and price are null independently; the cost needs both."""
    if tokens is None:
        return f'{text}null,"token_cost":null'
    if unit_price is None:
        return f'{text}{tokens},"token_cost":null'
    return f'{text}{tokens},"token_cost":{plain(cost(tokens, unit_price))}'


def _details(price: Price | None, count: Count, request: CountRequest) -> str:
    """Where an entry's numbers come from."""
    details: dict[str, wire.Value] = {
        "vocabulary": count.vocabulary,
        "method": count.method,
        "price_per_input_token": price.input if price else None,
        **provenance(price),
    }
    return wire.properties(details | estimate_entry(count) if request.estimate else details)
