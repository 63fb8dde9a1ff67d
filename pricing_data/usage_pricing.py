"""Prices a usage as a provider reports it: behind `POST /v1/cost` and `weighbridge cost`."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pricing_data.book import PriceBook
from pricing_data.errors import shown
from pricing_data.named_models import ResolveModel, names_of
from pricing_data.pricing import CallTotal, PricedLine, lines_of, total_of_counts
from pricing_data.rate_card import PLAIN_REGIONS
from pricing_data.responses import BadUsage, ProviderUsage, UnpricedProperty, read_response, read_usage
from pricing_data.responses.providers import provider_named
from pricing_data.responses.shapes import shape_named
from pricing_data.responses.stated_terms import instant_stated, region_stated, service_of
from pricing_data.usage import Terms

PROPERTIES = ("provider", "shape", "model", "usage", "response", "at", "service_tier", "region", "currency")
_PROPERTIES = frozenset(PROPERTIES)
# Properties that a response of a provider does not have: in a bare response they would be ignored silently.
OURS = ("shape", "at", "region", "currency")
# Every response of a provider has one of these properties, and an item in our form has none.
MARKS_OF_A_RESPONSE = frozenset(
    (
        *("id", "object", "type", "choices", "candidates", "content", "output", "data", "embeddings", "message"),
        *("usageMetadata", "usage_metadata", "usage_info", "meta", "prompt_eval_count", "modelVersion", "custom_id"),
        *("created", "created_at", "stopReason", "stop_reason", "results", "result", "event_id"),
    )
)
CURRENCY = "USD"
NO_FEE = "each call has a fee besides its tokens, which is not known"
ITEM, RESPONSE, NOW = "item", "response", "now"


class MissingPrice(NamedTuple):
    """A property without a price, and why it has none."""

    property: str
    reason: str


class PricedUsage(NamedTuple):
    """A usage and its cost in USD. Without a `total`, `unpriced` has what lacks a price.

    `model` is the name as sent. `at_from` is the origin of the terms' instant: "item", "response" or "now". `read`,
    `terms` and `sum` are None if a property of the usage has no price.
    """

    model: str | None
    total: Decimal | None
    unpriced: tuple[MissingPrice, ...] = ()
    read: ProviderUsage | None = None
    terms: Terms | None = None
    at_from: str | None = None
    sum: CallTotal | None = None

    @property
    def lines(self) -> tuple[PricedLine, ...]:
        """Return a line for each rate used, whose amounts add up to the total; none without a total."""
        return () if self.total is None or self.sum is None else lines_of(self.sum)


def price_usage(
    book: PriceBook, item: Any, *, now: datetime | None = None, resolve: ResolveModel | None = None
) -> PricedUsage:
    """Return the exact cost of a usage. `item` is an object with PROPERTIES, or a whole response of a provider.

    Terms in the item take precedence over those in the response, and may not contradict what the name of the model
    says. Without an instant the prices at `now` apply; without `resolve` the names of models are those of the book.
    Raise BadUsage for an unreadable item; a readable item without a price has the reason in the result.
    """
    try:
        read, at_from = _read(item, now)
    except UnpricedProperty as fault:
        return PricedUsage(_model_in(item), None, (MissingPrice(fault.property, fault.reason),))
    if read.model is None:
        raise BadUsage("model", "this property is missing")
    named = (resolve or names_of(book))(read.model, read.provider)
    terms = Terms(read.at, read.service, read.region)  # type: ignore[arg-type]  # set by _read
    if not named.is_plain:
        terms = named.terms(terms, service_is_stated=_states_service(item))
    found = total_of_counts(book, named, read.usage, terms)
    total: Decimal | None = found.usd
    unpriced: tuple[MissingPrice, ...] = ()
    if found.reason is not None:
        unpriced = (MissingPrice(_at_fault(found, terms), found.reason),)
    elif read.apart and (missing := _missing(read, found)):
        total, unpriced = None, (missing,)
    return PricedUsage(read.model, total, unpriced, read, terms, at_from, found)


def _at_fault(found: CallTotal, terms: Terms) -> str:
    """Return the property of an item because of which there is no price."""
    if found.price is None:
        return "at" if "first price" in (found.reason or "") else "model"
    tariff = found.price.tariff
    if tariff.service(terms.service) is None:
        return "service_tier"
    if terms.region and terms.region not in PLAIN_REGIONS and terms.region not in dict(tariff.regions):
        return "region"
    return "usage"


def _states_service(item: Mapping[str, Any]) -> bool:
    """Return whether an item in our form states a service tier, which a bare response does for its provider."""
    return "service_tier" in item and _PROPERTIES.issuperset(item)


def _read(item: Any, now: datetime | None) -> tuple[ProviderUsage, str]:
    """Return the usage and terms of an item, with an instant, and the origin of that instant."""
    if type(item) is not dict and not isinstance(item, Mapping):
        raise BadUsage("item", f"must be an object, not {shown(item)}")
    if not _PROPERTIES.issuperset(item):
        _check_is_response(item)
        return _of_response(item, {}, now)
    if "usage" in item and "response" not in item:
        return _of_usage(item, now)
    if "response" in item and "usage" not in item:
        return _of_response(item["response"], item, now)
    raise BadUsage("item", "send either usage or response")


def _of_usage(item: Mapping[str, Any], now: datetime | None) -> tuple[ProviderUsage, str]:
    if type(item.get("model")) is not str:
        raise BadUsage("model", _no_name(item["model"]) if "model" in item else "this property is missing")
    if len(item) == PLAIN_PROPERTIES:
        return read_usage(item["usage"], model=item["model"], at=now or datetime.now(UTC)), NOW
    stated = _stated(item)
    at_from = ITEM
    if stated.at is None:
        stated, at_from = stated._replace(at=now or datetime.now(UTC)), NOW
    read = read_usage(
        item["usage"],
        provider=stated.provider,
        shape=stated.shape,
        model=item["model"],
        service=stated.service,
        at=stated.at,
    )
    return (read if stated.region is None else read._replace(region=stated.region)), at_from


def _of_response(response: Any, item: Mapping[str, Any], now: datetime | None) -> tuple[ProviderUsage, str]:
    stated = _stated(item)
    read = read_response(
        response,
        provider=stated.provider,
        shape=stated.shape,
        service=stated.service,
        at=stated.at,
        model=item.get("model"),
    )
    at_from = RESPONSE if stated.at is None else ITEM
    if read.at is None:
        read, at_from = read._replace(at=now or datetime.now(UTC)), NOW
    return (read if stated.region is None else read._replace(region=stated.region)), at_from


class StatedTerms(NamedTuple):
    """The terms that an item states; None where it states none. `service` is one of `SERVICES`."""

    provider: str | None
    shape: str | None
    at: date | None
    service: str | None
    region: str | None


def _stated(item: Mapping[str, Any]) -> StatedTerms:
    """Return the checked terms of an item. Raise BadUsage, and UnpricedProperty for a tier that has no price."""
    if item.get("currency", CURRENCY) != CURRENCY:
        raise BadUsage("currency", f"{shown(item['currency'])} has no rate: costs are in {CURRENCY}")
    model, region, tier = item.get("model"), region_stated(item.get("region")), item.get("service_tier")
    if model is not None and not isinstance(model, str):
        raise BadUsage("model", _no_name(model))
    provider, shape = provider_named(item.get("provider")), shape_named(item.get("shape"))
    return StatedTerms(
        provider, shape, instant_stated(item.get("at")), None if tier is None else service_of(tier, provider), region
    )


def _no_name(model: object) -> str:
    return f"must be the name of a model, not {shown(model)}"


def _check_is_response(response: Mapping[str, Any]) -> None:
    """Raise BadUsage unless an object is a response of a provider without any of our own properties in it."""
    name = next((name for name in response if name not in _PROPERTIES), "")
    if MARKS_OF_A_RESPONSE.isdisjoint(response):
        raise BadUsage(shown(name)[1:-1], f"is not a property of this request; it has {', '.join(PROPERTIES)}")
    for name in OURS:
        if name in response:
            raise BadUsage(name, "stands in a response: put that into response, and this beside it")


def _missing(read: ProviderUsage, found: CallTotal) -> MissingPrice | None:
    """Return the first rate that must be charged on its own and that no line has, None if there is none."""
    used = {line.unit for line in lines_of(found)}
    return next(
        (
            MissingPrice(
                name, NO_FEE if rate == "per_call" else f"no price for {rate} apart from other tokens is known"
            )
            for rate, name in read.apart
            if rate not in used
        ),
        None,
    )


def _model_in(item: Any) -> str | None:
    """Return the name of the model in an item or its response, if there is one, for a result without a cost."""
    for holder in (item, item.get("response")):
        if isinstance(holder, Mapping):
            found = holder.get("model", holder.get("modelVersion"))
            if isinstance(found, str):
                return found
    return None


# The number of properties of an item that has a model and a usage only.
PLAIN_PROPERTIES = 2
