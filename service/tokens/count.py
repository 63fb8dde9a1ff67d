"""`POST /v1/tokens/count`: the line where tokens and prices meet."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import NamedTuple

from starlette.types import Receive, Scope

from pricing_data import Price, PriceBook, cost, plain
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
# What callers ask for again and again; a list of all models has a thousand of them.
MOST_OPENINGS = 256


class Opening(NamedTuple):
    """What is the same in every entry of a model on one day: how it begins, and the price in USD per token."""

    text: str
    unit_price: Decimal | None
    price: Price | None


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
        openings = self._openings(request.models, day)
        entries = [_entry(opening, count, request) for opening, count in zip(openings, counts, strict=True)]
        return Reply(200, f"[{','.join(entries)}]".encode(), (self._version,))

    def _opened(self, models: tuple[str, ...], day: date) -> list[Opening]:
        return [_opening(model, self.book.price(model, day)) for model in models]


def _opening(model: str, price: Price | None) -> Opening:
    text = f'{{{wire.properties({"model": model})},"token_count":'
    return Opening(text, price.input if price is not None else None, price)


def _entry(opening: Opening, count: Count, request: CountRequest) -> str:
    """One entry of the answer. Count and price are null independently; the cost needs both."""
    text, unit_price, price = opening
    tokens = count.tokens
    if tokens is None:
        numbers = 'null,"token_cost":null'
    elif unit_price is None:
        numbers = f'{tokens},"token_cost":null'
    else:
        numbers = f'{tokens},"token_cost":{plain(cost(tokens, unit_price))}'
    details = f",{wire.properties(_details(count, price, request))}" if request.detail else ""
    return f"{text}{numbers}{details}}}"


def _details(count: Count, price: Price | None, request: CountRequest) -> dict[str, wire.Value]:
    """Where an entry's numbers come from."""
    details: dict[str, wire.Value] = {
        "vocabulary": count.vocabulary,
        "method": count.method,
        "price_per_input_token": price.input if price else None,
        **provenance(price),
    }
    return details | estimate_entry(count) if request.estimate else details
