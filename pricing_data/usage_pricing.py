"""What a provider answered to its exact cost: behind `POST /v1/cost`, `weighbridge cost` and files of usage."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from pricing_data.book import PriceBook
from pricing_data.pricing import Priced, price_counts
from pricing_data.responses import BadUsage, Read, UnpricedProperty, read_response, read_usage
from pricing_data.responses.faults import shown
from pricing_data.responses.read import MAX_INSTANT_CHARACTERS
from pricing_data.responses.shapes import provider_named, shape_named
from pricing_data.usage import Terms

PROPERTIES = ("provider", "shape", "model", "usage", "response", "at", "service_tier", "region", "currency")
_PROPERTIES = frozenset(PROPERTIES)
# Those that a whole response could not have of its own: beside a usage that is not wrapped they would be lost.
OURS = ("shape", "at", "region", "currency")
# One of these is in every whole response, and none in an item of ours.
MARKS_OF_A_RESPONSE = frozenset(
    (
        *("id", "object", "type", "choices", "candidates", "content", "output", "data", "embeddings", "message"),
        *("usageMetadata", "usage_metadata", "usage_info", "meta", "prompt_eval_count", "modelVersion", "custom_id"),
        *("created", "created_at", "stopReason", "stop_reason", "results", "result", "event_id"),
    )
)
CURRENCY = "USD"
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# Authors whose models OpenRouter sells at their own prices, under their names.
AUTHORS_ON_OPENROUTER = frozenset(("openai", "anthropic", "google", "x-ai", "cohere", "perplexity"))
ITEM, RESPONSE, NOW = "item", "response", "now"

# The name in the book of a name as it was sent, and the provider that it was sent to; raises BadUsage.
Resolve = Callable[[str, str | None], str]


class Unpriced(NamedTuple):
    """What was not priced, and why."""

    property: str
    reason: str


class PricedUsage(NamedTuple):
    """A usage and its cost. Without a total, `unpriced` says what had no price.

    `model` is the name as it was sent, `at_from` where the instant of the terms comes from: "item", "response" or
    "now". `read` and `terms` are None if a property of the usage has no price.
    """

    model: str | None
    priced: Priced
    unpriced: tuple[Unpriced, ...] = ()
    read: Read | None = None
    terms: Terms | None = None
    at_from: str | None = None


def price_usage(
    book: PriceBook, item: Any, *, now: datetime | None = None, resolve: Resolve | None = None
) -> PricedUsage:
    """Return what a usage costs, exactly. `item` is an object of PROPERTIES, or a whole response of a provider.

    Terms in the item win over those in the response. Without any instant the prices of `now` hold. Raise BadUsage for
    what cannot be read; what can be read and has no price is in the answer.
    """
    try:
        read, at_from = _read(item, now)
    except UnpricedProperty as fault:
        return _without_price(_model_in(item), Unpriced(fault.property, fault.reason))
    if read.model is None:
        raise BadUsage("model", "this property is missing")
    name = resolve(read.model, read.provider) if resolve else book_name(book, read.model, read.provider)
    terms = Terms(read.at, read.service, read.region)  # type: ignore[arg-type]  # set by _read
    priced = price_counts(book, name, read.usage, terms)
    if priced.reason is not None:
        return PricedUsage(read.model, priced, (Unpriced("model", priced.reason),), read, terms, at_from)
    if read.apart and (missing := _missing(read, priced)):
        return _without_price(read.model, missing)._replace(read=read, terms=terms, at_from=at_from)
    return PricedUsage(read.model, priced, (), read, terms, at_from)


def book_name(book: PriceBook, name: str, provider: str | None = None) -> str:
    """Return the name that the book has for a model: the same one, on OpenRouter without its author's.

    Raise BadUsage for a name that the book does not have.
    """
    if name in book.histories or name in book.standing:
        return name
    if provider == "openrouter" and (own := without_author(book, name)):
        return own
    raise BadUsage("model", f"there is no price of a model {shown(name)}")


def without_author(book: PriceBook, name: str) -> str | None:
    """Return the name of a model on OpenRouter without its author's, if it is sold there at its author's prices."""
    author, _, own = name.partition("/")
    rows = book.history(own) if author in AUTHORS_ON_OPENROUTER else ()
    return own if rows and not any(row.basis.startswith("host:") for row in rows) else None


def _read(item: Any, now: datetime | None) -> tuple[Read, str]:
    """Return what an item says, with an instant, and where that comes from."""
    if not isinstance(item, Mapping):
        raise BadUsage("item", f"must be an object, not {shown(item)}")
    if not _PROPERTIES.issuperset(item):
        return _of_response(item, {}, now)
    if "usage" in item and "response" not in item:
        return _of_usage(item, now)
    if "response" in item and "usage" not in item:
        return _of_response(item["response"], item, now)
    raise BadUsage("item", "send either usage or response")


def _of_usage(item: Mapping[str, Any], now: datetime | None) -> tuple[Read, str]:
    model = item.get("model")
    if type(model) is not str:
        raise BadUsage(
            "model", f"must be a name, not {shown(model)}" if "model" in item else "this property is missing"
        )
    provider = shape = None
    if len(item) > PLAIN_PROPERTIES:
        provider, shape = provider_named(item.get("provider")), shape_named(item.get("shape"))
        _check_currency(item)
    at, at_from = _at(item)
    if at is None:
        at, at_from = now or datetime.now(UTC), NOW
    read = read_usage(
        item["usage"], provider=provider, shape=shape, model=model, service=item.get("service_tier"), at=at
    )
    return (read if item.get("region") is None else read._replace(region=_region(item))), at_from


def _of_response(response: Any, item: Mapping[str, Any], now: datetime | None) -> tuple[Read, str]:
    if not item:
        _check_is_response(response)
    _check_currency(item)
    model = item.get("model")
    if model is not None and not isinstance(model, str):
        raise BadUsage("model", f"must be a name, not {shown(model)}")
    at, at_from = _at(item)
    read = read_response(
        response,
        provider=provider_named(item.get("provider")),
        shape=shape_named(item.get("shape")),
        service=item.get("service_tier"),
        at=at,
        model=model,
    )
    if read.at is None:
        read, at_from = read._replace(at=now or datetime.now(UTC)), NOW
    elif at is None:
        at_from = RESPONSE
    return (read if item.get("region") is None else read._replace(region=_region(item))), at_from


def _check_is_response(response: Mapping[str, Any]) -> None:
    """Raise BadUsage unless an object is a whole response, and nothing of ours lies loose in it."""
    name = next((name for name in response if name not in _PROPERTIES), "")
    if MARKS_OF_A_RESPONSE.isdisjoint(response):
        raise BadUsage(shown(name)[1:-1], f"is not a property of this request; it has {', '.join(PROPERTIES)}")
    for name in OURS:
        if name in response:
            raise BadUsage(name, "stands in a response: put that into response, and this beside it")


def _at(item: Mapping[str, Any]) -> tuple[date | None, str]:
    """Return the day or the instant of an item, None if it has none. Raise BadUsage."""
    value = item.get("at")
    if value is None:
        return None, ITEM
    if isinstance(value, str) and len(value) <= MAX_INSTANT_CHARACTERS:
        try:
            value = date.fromisoformat(value) if DAY.fullmatch(value) else datetime.fromisoformat(value)
        except ValueError:
            raise BadUsage("at", _no_instant(value)) from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadUsage("at", f"{shown(value.isoformat())} has no time zone: end it with Z, or with +05:30")
        return value.astimezone(UTC), ITEM
    if not isinstance(value, date):
        raise BadUsage("at", _no_instant(value))
    return value, ITEM


def _no_instant(value: object) -> str:
    return f'must be a day such as "2026-01-31", or an instant such as "2026-01-31T14:00:00Z", not {shown(value)}'


def _region(item: Mapping[str, Any]) -> str:
    region = item["region"]
    if not isinstance(region, str) or len(region) > MAX_REGION_CHARACTERS:
        raise BadUsage("region", f"must be the name of a region, not {shown(region)}")
    return region


def _check_currency(item: Mapping[str, Any]) -> None:
    currency = item.get("currency", CURRENCY)
    if currency != CURRENCY:
        raise BadUsage("currency", f"{shown(currency)} has no rate: costs are in {CURRENCY}")


def _missing(read: Read, priced: Priced) -> Unpriced | None:
    """Return the first of the rates that must not be replaced which no line has."""
    used = {line.unit for line in priced.lines}
    return next(
        (
            Unpriced(name, f"no price for {rate} apart from other tokens is known")
            for rate, name in read.apart
            if rate not in used
        ),
        None,
    )


def _without_price(model: str | None, unpriced: Unpriced) -> PricedUsage:
    return PricedUsage(model, Priced(None, (), f"{unpriced.property}: {unpriced.reason}", None), (unpriced,))


def _model_in(item: Any) -> str | None:
    """Return the name of a model in an item or response as far as it is plain to see, for an answer without a cost."""
    for holder in (item, item.get("response")):
        if isinstance(holder, Mapping):
            found = holder.get("model", holder.get("modelVersion"))
            if isinstance(found, str):
                return found
    return None


# An item of a model and a usage alone, with or without an instant, has no other terms to look at.
PLAIN_PROPERTIES = 2
MAX_REGION_CHARACTERS = 100
