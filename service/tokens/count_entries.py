"""The JSON of counts: an entry for each name with its count and cost, and with their sources if they are asked for."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from sys import maxsize
from typing import NamedTuple

from corpus_cost.chat_prices import chat_input_cost, has_media
from corpus_cost.model_names import CountedName
from pricing_data import PriceBook, Terms, cost, plain
from pricing_data.book.overrides import Markup
from pricing_data.errors import BadUsage, UnpricedUsage
from pricing_data.named_models import NamedModel
from pricing_data.named_prices import NamedPrice, find_price
from pricing_data.responses.providers import host_of, provider_named
from service.http import json
from service.tokens.chat_counting import why_unknown
from service.tokens.chat_entries import chat_entry
from service.tokens.cost_answers import markup_values
from service.tokens.model_facts import context_entry
from service.tokens.prices import provenance
from service.tokens.requested_names import RequestedNames
from service.tokens.requests import CountRequest
from tokenizer_registry import Count, Registry
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.facts import NO_FACTS
from tokenizer_registry.registry import UNCOUNTED

# Lists of models whose entries are cached.
MAX_LISTS = 256
MAX_NAMED_LISTS = 64
MAX_MODELS = 4_096
# Cached entries of a model by number of tokens: texts of similar size have few different numbers.
MAX_ENTRIES = 256


class CachedEntry(NamedTuple):
    """What all replies for a name on one day share; `write` returns the members of the entry for a token count.

    `model` is the model of the catalogue. An unknown name has none, and the reason in `price`.
    """

    name: str
    write: Callable[[int | None], str]
    price: NamedPrice
    model: str | None


class CountEntries:
    """Writes the entries of counts with the prices of one book. Safe to use from many threads."""

    def __init__(self, registry: Registry, book: PriceBook) -> None:
        self.registry = registry
        self.book = book
        self._entry = lru_cache(MAX_MODELS)(self._build_entry)
        # Returns the entries of models of the catalogue on a day.
        self.of_models = lru_cache(MAX_LISTS)(self._build_entries)
        self._named_entries = lru_cache(MAX_NAMED_LISTS)(self._build_named_entries)

    def write(
        self,
        request: CountRequest,
        counts: Sequence[Count],
        day: date,
        account_id: str | None,
        chats: Sequence[ChatCount] = (),
    ) -> bytes:
        """Return the reply to a request; `counts` are those of its known names, and `chats` what they are of."""
        cached = self._cached(request, day)
        if request.names is not None and request.names.unknown:
            counts = request.names.aligned(counts, UNCOUNTED)
        of_chats = self._of_names(request, chats)
        entries = [_members(*each) for each in zip(cached, counts, of_chats, strict=True)]
        if request.detail:
            markup = self.book.markup(account_id, day)
            details = [self._details(*each, request, markup) for each in zip(cached, counts, of_chats, strict=True)]
            entries = list(map(",".join, zip(entries, details, strict=True)))
        return f"[{{{'},{'.join(entries)}}}]".encode()

    def _cached(self, request: CountRequest, day: date) -> list[CachedEntry]:
        names = request.names
        if request.chat is not None and request.chat.host is not None:
            return self._build_hosted_entries(request, request.chat.host, day)
        if names is None:
            return self.of_models(request.models, day)
        # Not cached if some are unknown, because those are of any length.
        return self._build_named_entries(names, day) if names.unknown else self._named_entries(names, day)

    def _of_names(self, request: CountRequest, chats: Sequence[ChatCount]) -> Sequence[ChatCount | None]:
        """Return the count of the chat for each name, None for texts and unknown names."""
        if request.chat is None:
            return [None] * len(request.models if request.names is None else request.names.names)
        return chats if request.names is None else request.names.aligned([*chats], None)

    def _build_entries(self, models: tuple[str, ...], day: date) -> list[CachedEntry]:
        return [self._entry(model, day) for model in models]

    def _build_named_entries(self, names: RequestedNames, day: date) -> list[CachedEntry]:
        return [
            _unknown_entry(name, names.unknown[name], day) if found is None else self._named_entry(found, day)
            for name, found in zip(names.names, names.found, strict=True)
        ]

    def _build_hosted_entries(self, request: CountRequest, host: str, day: date) -> list[CachedEntry]:
        """Return entries with the prices of a host, unless a name itself says who sells the call."""
        if request.names is None:
            return [
                self._hosted_entry(CountedName(model, model, NamedModel(model, model, self._author(model))), host, day)
                for model in request.models
            ]
        names = request.names
        return [
            _unknown_entry(name, names.unknown[name], day) if found is None else self._hosted_entry(found, host, day)
            for name, found in zip(names.names, names.found, strict=True)
        ]

    def _author(self, model: str) -> str:
        return self.registry.models[model].author

    def _hosted_entry(self, found: CountedName, host: str, day: date) -> CachedEntry:
        if found.named.host is not None:
            return self._named_entry(found, day)
        try:
            seller = host_of(provider_named(host))
        except BadUsage:
            price = NamedPrice(None, Terms(day), f"the prices of the host {json.shorten(host)} are not known")
        else:
            if seller is None:
                return self._named_entry(found, day)
            price = find_price(self.book, found.named._replace(host=seller), Terms(day))
        return CachedEntry(found.name, _writer(found.name, price), price, found.model)

    def _named_entry(self, found: CountedName, day: date) -> CachedEntry:
        if found.name == found.model:
            return self._entry(found.model, day)
        price = find_price(self.book, found.named, Terms(day))
        return CachedEntry(found.name, _writer(found.name, price), price, found.model)

    def _build_entry(self, model: str, day: date) -> CachedEntry:
        price = find_price(self.book, NamedModel(model, model), Terms(day))
        # Cached by the number of tokens: the price is looked up once.
        return CachedEntry(model, lru_cache(MAX_ENTRIES)(_writer(model, price)), price, model)

    def _details(
        self, entry: CachedEntry, count: Count, chat: ChatCount | None, request: CountRequest, markup: Markup | None
    ) -> str:
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
            details["reason"] = self._reason(entry.price, entry.model, count, chat)
        details |= context_entry(self.registry.facts[entry.model] if entry.model else NO_FACTS, count.tokens)
        if markup is not None:
            usd, _ = _cost_of(entry.price, count, chat)
            details |= markup_values(markup, usd)
        if chat is not None:
            return json.properties(details | chat_entry(chat))
        return json.properties(details | estimate_entry(count) if request.estimate else details)

    def _reason(self, price: NamedPrice, model: str, count: Count, chat: ChatCount | None) -> str | None:
        """Return why the count or, if there is one, the cost is null; None if neither is."""
        if count.tokens is not None:
            return _cost_of(price, count, chat)[1]
        return self.registry.why_uncounted(model) if chat is None else why_unknown(chat)


def _members(entry: CachedEntry, count: Count, chat: ChatCount | None) -> str:
    """Return the members of an entry; a chat with sound or images has a cost of its own."""
    if count.tokens is None or chat is None or not has_media(chat):
        return entry.write(count.tokens)
    usd, _ = _cost_of(entry.price, count, chat)
    return json.properties({"model": entry.name, "token_count": count.tokens, "token_cost": usd})


def _cost_of(price: NamedPrice, count: Count, chat: ChatCount | None) -> tuple[Decimal | None, str | None]:
    """Return what a count costs as input, or why that is not known."""
    if count.tokens is None:
        return None, None
    try:
        if chat is not None and has_media(chat):
            return chat_input_cost(price, chat), price.reason
    except UnpricedUsage as fault:
        return None, fault.reason
    rate = price.input_rate(count.tokens).usd
    return None if rate is None else cost(count.tokens, rate), price.reason


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
    return CachedEntry(name, lambda _: members, price, None)


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
