"""Reads genai-prices: `data.py` of its wheel, a list of constructor calls, in USD per Mtok.

A price there is one tariff, or a list in which the last entry whose condition holds wins: no condition, from a
date on, or at some hours of the day. A variant replaces single prices in another service, from a date on.
"""

from collections.abc import Iterator, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

from pricing_data.errors import BadSource
from pricing_data.price import PriceSource
from pricing_data.refresh.source_snapshot import AmountReader, DatedTariff, EntryFields, Offer, SourceSnapshot
from pricing_data.refresh.sources.genai_entries import states
from pricing_data.refresh.sources.package_file import PinnedPackage, read_member
from pricing_data.refresh.sources.python_literal import ConstructorCall, assigned

MEMBER = "genai_prices/data.py"
# Calls that are written as their arguments alone; of any other call the name is kept, as "is".
CONTAINERS = {"ModelPrice", "ConditionalPrice", "TieredPrices", "Tier"}


def read(folder: Path, pin: PinnedPackage) -> SourceSnapshot:
    """Return all offers, keyed "provider/id". Raise BadSource."""
    text = read_member(folder, pin, MEMBER).decode("utf-8")
    amounts = AmountReader(pin.package)
    offers: dict[str, tuple[Offer, ...]] = {}
    try:
        for provider, model in models(text):
            key = f"{provider.get('id')}/{model.get('id')}"
            offers.setdefault(key, offers_of(_source(pin, provider, model), states(amounts, key, fields_of(model))))
    except (ValueError, TypeError, LookupError) as fault:
        raise BadSource(folder / pin.wheel, f"{MEMBER}: {fault}") from fault
    return SourceSnapshot(pin.package, {key: found for key, found in offers.items() if found}, tuple(amounts.faults))


def models(text: str) -> Iterator[tuple[ConstructorCall, ConstructorCall]]:
    """Return every model of `data.py` with its provider, in order. Raise ValueError."""
    for provider in _calls(assigned(text, "providers")):
        for model in _calls(provider.get("models")):
            yield provider, model


def fields_of(model: ConstructorCall) -> EntryFields:
    """Return the price fields of a model as mappings, lists and texts; `states` reads them."""
    found: Any = {name: plain_fields(model.get(name)) for name in ("prices", "price_variants")}
    prices = found["prices"]
    return {**(prices if isinstance(prices, dict) else {"prices": prices}), "price_variants": found["price_variants"]}


def plain_fields(value: object) -> object:
    """Return calls as mappings of their arguments, without those that are None, and moments as texts."""
    match value:
        case list():
            return [plain_fields(item) for item in value]
        case time():
            return value.isoformat("minutes")
        case date():
            return value.isoformat()
        case ConstructorCall():
            named = {name: plain_fields(item) for name, item in value.fields.items() if item is not None}
            return named if value.name in CONTAINERS else {"is": value.name, **named}
    return value


def offers_of(source: PriceSource, found: Sequence[DatedTariff]) -> tuple[Offer, ...]:
    """Return the states of an entry as offers; those without an input price are left out."""
    return tuple(
        Offer(source, since, "upstream_dated" if since else "first_observed", tariff)
        for since, tariff in found
        if tariff.rates.input is not None
    )


def _source(pin: PinnedPackage, provider: ConstructorCall, model: ConstructorCall) -> PriceSource:
    urls = provider.get("pricing_urls")
    url = str(urls[0]) if isinstance(urls, list) and urls else None
    return PriceSource(pin.package, pin.version, pin.sha256, str(provider.get("id")), str(model.get("id")), url)


def _calls(value: object) -> list[ConstructorCall]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, ConstructorCall) for item in value):
        raise ValueError(f"a list of calls was expected, not {value!r:.80}")
    return value
