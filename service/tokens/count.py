"""`POST /v1/tokens/count`: count a text for many models, and price each count."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from functools import lru_cache, partial
from operator import attrgetter
from sys import getsizeof, maxsize
from typing import Final, NamedTuple

from starlette.types import Receive, Scope

from corpus_cost.model_names import CountedName
from pricing_data import PriceBook, Terms, cost, plain
from pricing_data.book.overrides import Markup
from pricing_data.named_models import NamedModel
from pricing_data.named_prices import NamedPrice, find_price
from service.auth.accounts import Principal
from service.http import json
from service.http.context import RequestContext, context_of
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.request_limits import INLINE_BODY_BYTES, BodyReader
from service.http.responses import Reply
from service.observability.tracing import NO_SPAN, SpanValue, within
from service.tokens.cost_answers import markup_values
from service.tokens.counting_pool import Caller, CountingPool
from service.tokens.model_facts import context_entry
from service.tokens.prices import provenance, version_header
from service.tokens.providers.counts import ProviderCounts
from service.tokens.requested_names import RequestedNames
from service.tokens.requests import CountRequest, CountRequests
from tokenizer_registry import Count, UncountableText
from tokenizer_registry.facts import NO_FACTS
from tokenizer_registry.registry import UNCOUNTED

# Lists of models whose entries are cached.
MAX_LISTS = 256
MAX_NAMED_LISTS = 64
MAX_MODELS = 4_096
# Cached entries of a model by number of tokens: texts of similar size have few different numbers.
MAX_ENTRIES = 256
VOCABULARY: Final = attrgetter("vocabulary")


class CachedEntry(NamedTuple):
    """What all replies for a name on one day share; `write` returns the members of the entry for a token count.

    `model` is the model of the catalogue. An unknown name has none, and the reason in `price`.
    """

    write: Callable[[int | None], str]
    price: NamedPrice
    model: str | None


class CountEndpoint:
    """Counts a text for many models and prices each count.

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
        self.book = book
        self.now = now
        self.on_counted = on_counted
        self._version = version_header(book)
        self._entry = lru_cache(MAX_MODELS)(self._build_entry)
        self._entries = lru_cache(MAX_LISTS)(self._build_entries)
        self._named_entries = lru_cache(MAX_NAMED_LISTS)(self._build_named_entries)

    async def count(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Count the text of a request."""
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
            context.keep(getsizeof(request.text))
        day = self.now().date()
        if request.as_of is not None and request.as_of > day:
            return INVALID_REQUEST.saying(f"as_of: {request.as_of} is not over yet; the newest prices are of {day}.")
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
        return self._reply(request, counts, request.as_of or day, context.account_id)

    def _counts(
        self, request: CountRequest, context: RequestContext, receive: Receive
    ) -> Awaitable[list[Count] | Refusal]:
        caller = Caller(context.account_id or "", receive)
        work = self.pool.count(request.text, request.models, request.estimate, context.held_bytes, caller)
        return within(context.span, "count", work)

    def _reply(self, request: CountRequest, counts: list[Count], day: date, account_id: str | None) -> Reply:
        if request.names is None:
            cached = self._entries(request.models, day)
        else:
            cached, counts = self._of_names(request.names, counts, day)
        entries = [entry.write(count.tokens) for entry, count in zip(cached, counts, strict=True)]
        if request.detail:
            markup = self.book.markup(account_id, day)
            details = [self._details(*each, request, markup) for each in zip(cached, counts, strict=True)]
            entries = list(map(",".join, zip(entries, details, strict=True)))
        return Reply(200, f"[{{{'},{'.join(entries)}}}]".encode(), (self._version,))

    def _of_names(self, names: RequestedNames, counts: list[Count], day: date) -> tuple[list[CachedEntry], list[Count]]:
        """Return the entries of resolved names, and a count for each of them."""
        if not names.unknown:
            return self._named_entries(names, day), counts
        # Not cached: unknown names are of any length.
        return self._build_named_entries(names, day), names.aligned(counts, UNCOUNTED)

    def _build_entries(self, models: tuple[str, ...], day: date) -> list[CachedEntry]:
        return [self._entry(model, day) for model in models]

    def _build_named_entries(self, names: RequestedNames, day: date) -> list[CachedEntry]:
        return [
            _unknown_entry(name, names.unknown[name], day) if found is None else self._named_entry(found, day)
            for name, found in zip(names.names, names.found, strict=True)
        ]

    def _named_entry(self, found: CountedName, day: date) -> CachedEntry:
        if found.name == found.model:
            return self._entry(found.model, day)
        price = find_price(self.book, found.named, Terms(day))
        return CachedEntry(_writer(found.name, price), price, found.model)

    def _build_entry(self, model: str, day: date) -> CachedEntry:
        price = find_price(self.book, NamedModel(model, model), Terms(day))
        # Cached by the number of tokens: the price is looked up once.
        return CachedEntry(lru_cache(MAX_ENTRIES)(_writer(model, price)), price, model)

    def _details(self, entry: CachedEntry, count: Count, request: CountRequest, markup: Markup | None) -> str:
        """Return the members about the sources of the numbers, and the mark-up of the account."""
        rate = entry.price.input_rate(count.tokens or 0)
        details: dict[str, json.Value] = {
            "vocabulary": count.vocabulary,
            "method": count.method,
            "price_per_input_token": rate.usd,
            "price_above_tokens": rate.above_tokens,
            **provenance(entry.price.price),
            "resolved_model": entry.model,
        }
        if entry.model is not None:
            details["reason"] = self._reason(entry.price, entry.model, count)
        details |= context_entry(self.pool.registry.facts[entry.model] if entry.model else NO_FACTS, count.tokens)
        if markup is not None:
            usd = None if count.tokens is None or rate.usd is None else cost(count.tokens, rate.usd)
            details |= markup_values(markup, usd)
        return json.properties(details | estimate_entry(count) if request.estimate else details)

    def _reason(self, price: NamedPrice, model: str, count: Count) -> str | None:
        """Return why the count or, if there is one, the cost is null; None if neither is."""
        return self.pool.registry.why_uncounted(model) if count.tokens is None else price.reason


def _facts(counts: list[Count]) -> dict[str, SpanValue | None]:
    """Return the attributes of a span that counts."""
    return {
        "weighbridge.vocabularies": sorted({count.vocabulary for count in counts if count.vocabulary is not None}),
        "weighbridge.tokens": max((count.tokens or 0 for count in counts), default=0),
    }


def _writer(name: str, price: NamedPrice) -> Callable[[int | None], str]:
    """Return a function that writes the members of an entry for a number of tokens."""
    text = f'{json.properties({"model": name})},"token_count":'
    tiers = price.price.tariff.tiers if price.price is not None else ()
    # Up to this many tokens the price of the row is that of the call.
    bound = (tiers[0].above_tokens if tiers else maxsize) if price.is_standard else -1
    return partial(_entry, text, price, bound)


def _unknown_entry(name: str, reason: str, day: date) -> CachedEntry:
    """Return the entry of an unknown name, which says why also without `detail`."""
    price = NamedPrice(None, Terms(day), reason)
    members = json.properties({"model": name, "token_count": None, "token_cost": None, "reason": reason})
    return CachedEntry(lambda _: members, price, None)


def _entry(text: str, price: NamedPrice, bound: int, tokens: int | None) -> str:
    """Return the members of an entry. Count and price may be null independently; the cost needs both.

    Above `bound` tokens the rate depends on their number, or on what the name says about the price.
    """
    if tokens is None:
        return f'{text}null,"token_cost":null'
    plain_price = price.price.input if price.price is not None and tokens <= bound else None
    unit_price = price.input_rate(tokens).usd if plain_price is None else plain_price
    if unit_price is None:
        return f'{text}{tokens},"token_cost":null'
    return f'{text}{tokens},"token_cost":{plain(cost(tokens, unit_price))}'


def estimate_entry(count: Count) -> dict[str, json.Value]:
    """Return the estimator and its error band; both are null for a count that is not an estimate."""
    error = count.error
    return {
        "estimator": count.estimator,
        "estimate_error": {"low": error.low, "high": error.high, "basis": error.basis} if error else None,
    }
