"""Reads LiteLLM's price file: JSON inside its wheel, in USD per token, each number read exactly.

It has no dates: each entry is one tariff, and one offer without a first day.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing_data.errors import BadSource
from pricing_data.price import SERVICES as ALL_SERVICES
from pricing_data.price import STANDARD, PriceSource, Rates, Service, Tariff, Tier
from pricing_data.rate_paths import path_of
from pricing_data.refresh.source_snapshot import AmountReader, EntryFields, Offer, SourceSnapshot
from pricing_data.refresh.sources.hours import MINUTES_A_WEEK, in_week, minute_of, scheduled
from pricing_data.refresh.sources.litellm_fields import (
    ALIASES,
    REGIONS,
    SPECIFIC_OTHERS,
    SPECIFIC_REGIONS,
    SPECIFIC_SERVICES,
    ZONES_MINUTES,
    is_known,
    place_of_field,
)
from pricing_data.refresh.sources.package_file import PinnedPackage, read_member
from pricing_data.refresh.sources.rates import apart, known, times, unknown_above

# A rate that is the same as another one below a bound, and has no amount of its own above it, follows that one.
FOLLOWS = {
    "input_audio": "input",
    "input_image": "input",
    "input_video": "input",
    "cached_audio": "cached_input",
    "cached_image": "cached_input",
    "reasoning": "output",
    "output_audio": "output",
    "output_image": "output",
}

# The amounts of one service above one bound, by rate.
RateAmounts = dict[str, Decimal | None]
AmountsByTier = Mapping[tuple[str, int], RateAmounts]


def tariff_of(amounts: AmountReader, key: str, fields: EntryFields) -> Tariff:
    """Return what an entry states; what is left out is noted in `amounts`.

    Raise ValueError, TypeError, LookupError or AttributeError for another form.
    """
    for field in fields:
        if not is_known(field):
            amounts.refuse(key, field, fields[field], "an unknown price field")
    cells = _amounts_by_tier(amounts, key, fields)
    found = {name: _service(cells, name) for name in ALL_SERVICES}
    standard = found.pop(STANDARD)
    specific = fields.get("provider_specific_entry") or {}
    for name in SPECIFIC_SERVICES & set(specific):
        if factor := amounts.factor(key, f"provider_specific_entry.{name}", specific[name]):
            found[name] = times(amounts, key, replace(standard, name=name), factor)
    services = (unknown_above(service, standard.tiers) for service in found.values() if _any_known(service))
    rates = replace(standard.rates, web_search=_web_search(amounts, key, fields))
    tariff = Tariff(rates, standard.tiers, tuple(services), (), _regions(amounts, key, fields, specific))
    return _by_the_hour(amounts, key, tariff, fields.get("off_peak_pricing"))


def _amounts_by_tier(amounts: AmountReader, key: str, fields: EntryFields) -> AmountsByTier:
    """The amounts of an entry by service and bound, those of `tiered_pricing` among them."""
    given: dict[tuple[str, int], dict[str, object]] = defaultdict(dict)
    for item in ({"range": (0,), **fields}, *(fields.get("tiered_pricing") or ())):
        # Prices of searches are by the number of results ("max_results_range"): those are no tokens.
        first = int(Decimal(item["range"][0])) if "range" in item else None
        named = {own: item[other] for other, own in ALIASES.items() if other in item} | dict(item)
        for field, value in named.items():
            if first is not None and value is not None and (place := place_of_field(field)):
                given[place.service, first or place.above_tokens][place.rate] = value
    return {cell: _checked_amounts(amounts, key, *cell, found) for cell, found in given.items()}


def _checked_amounts(
    amounts: AmountReader, key: str, service: str, above: int, given: Mapping[str, object]
) -> RateAmounts:
    """The checked amounts. A 0 for output beside an input price is none: an embeddings model gives no tokens back."""
    numbers = {rate: amounts.number(key, path_of(rate, service, above), value) for rate, value in given.items()}
    if numbers.get("input") and numbers.get("output") == 0:
        del numbers["output"]
    return {rate: amounts.rate(key, path_of(rate, service, above), number) for rate, number in numbers.items()}


def _service(cells: AmountsByTier, name: str) -> Service:
    """A service with what is named for it; above a bound, what is not named stays as it is below."""
    below = Rates(**cells.get((name, 0), {}))
    service = Service(name, apart(below))
    for above in sorted(above for service_name, above in cells if service_name == name and above):
        higher = _above(below, cells[name, above])
        if name != STANDARD or higher != below:
            service = replace(service, tiers=(*service.tiers, Tier(above, apart(higher))))
        below = higher
    return service


def _above(below: Rates, cell: RateAmounts) -> Rates:
    above = replace(below, **cell)
    followed = {
        rate: getattr(above, plain)
        for rate, plain in FOLLOWS.items()
        if rate not in cell and getattr(below, rate) == getattr(below, plain)
    }
    return replace(above, **{rate: value for rate, value in followed.items() if getattr(below, rate) is not None})


def _any_known(service: Service) -> bool:
    return known(service.rates) or any(known(tier.rates) for tier in service.tiers)


def _web_search(amounts: AmountReader, key: str, fields: EntryFields) -> Decimal | None:
    """The fee for a search, if each costs the same whatever its context, from the first one on."""
    given = fields.get("search_context_cost_per_query")
    if not given:
        return None
    unit, free = fields.get("web_search_billing_unit") or "per_query", fields.get("search_free_requests")
    if unit != "per_query":
        amounts.refuse(key, "web_search", unit, "a fee for another unit than a search")
    elif free:
        amounts.refuse(key, "web_search", dict(free), "some searches are free, by what else was asked in that time")
    elif len(set(given.values())) > 1:
        amounts.refuse(key, "web_search", dict(given), "the fee depends on the size of the context")
    else:
        return amounts.rate(key, "web_search", next(iter(given.values())))
    return None


def _regions(
    amounts: AmountReader, key: str, fields: EntryFields, specific: EntryFields
) -> tuple[tuple[str, Decimal], ...]:
    given = {region: fields.get(field) for field, region in REGIONS.items()}
    for name, value in specific.items():
        if name in SPECIFIC_REGIONS:
            given[name] = value
        elif name not in SPECIFIC_OTHERS | SPECIFIC_SERVICES:
            amounts.refuse(key, f"provider_specific_entry.{name}", value, "an unknown price field")
    found = ((region, amounts.factor(key, f"region.{region}", value)) for region, value in sorted(given.items()))
    return tuple((region, factor) for region, factor in found if factor is not None)


def _by_the_hour(amounts: AmountReader, key: str, tariff: Tariff, off_peak: EntryFields | None) -> Tariff:
    """The tariff with its off-peak hours. An entry's own rates are those of the other, dearer hours."""
    if not off_peak:
        return tariff
    zone = str(off_peak.get("weekday_timezone") or "UTC")
    if zone not in ZONES_MINUTES or tariff.tiers:
        amounts.refuse(key, "schedule", zone, "hours beside tiers, or in a time zone that is not known here")
        return Tariff(Rates())
    cell = _amounts_by_tier(amounts, key, {name: off_peak[name] for name in off_peak if name != "windows"})[STANDARD, 0]
    minutes = {
        minute
        for window in off_peak["windows"]
        for hours in ([window["hours_utc"]] if isinstance(window["hours_utc"], str) else window["hours_utc"])
        for minute in _minutes(hours, {int(day) for day in window["weekdays"]}, ZONES_MINUTES[zone])
    }
    return scheduled(tariff, minutes, apart(replace(tariff.rates, **cell)))


def _minutes(hours: str, weekdays: set[int], zone_minutes: int) -> set[int]:
    """The minutes of the week (UTC) of daily hours in UTC, on weekdays of another time zone."""
    starts, _, ends = hours.partition("-")
    on_days = set(in_week(0, 0, weekdays))
    every_day = in_week(minute_of(starts), minute_of(ends))
    return {minute for minute in every_day if (minute + zone_minutes) % MINUTES_A_WEEK in on_days}


MEMBER = "litellm/model_prices_and_context_window_backup.json"
NOT_A_MODEL = "sample_spec"


def read(folder: Path, pin: PinnedPackage) -> SourceSnapshot:
    """Return all offers, keyed as in the file. Raise BadSource."""
    raw = read_member(folder, pin, MEMBER)
    amounts = AmountReader(pin.package)
    try:
        entries: dict[str, dict[str, Any]] = json.loads(raw, parse_float=Decimal)
        offers = {key: _offer(amounts, pin, key, entries) for key in entries if key != NOT_A_MODEL}
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
        raise BadSource(folder / pin.wheel, f"{MEMBER}: {fault!r}") from fault
    priced = {key: (offer,) for key, offer in offers.items() if offer.tariff.rates.input is not None}
    return SourceSnapshot(pin.package, priced, tuple(amounts.faults))


def aliased(entries: Mapping[str, EntryFields], key: str) -> EntryFields:
    """Return the fields of an entry: those of the entry that it is an alias of, if it is one. Raise KeyError."""
    return entries[entries[key].get("alias_of", key)]


def _offer(amounts: AmountReader, pin: PinnedPackage, key: str, entries: Mapping[str, Mapping[str, Any]]) -> Offer:
    entry = entries[key]
    provider = str(entry.get("litellm_provider") or "unknown")
    source = PriceSource(pin.package, pin.version, pin.sha256, provider, key, entry.get("source") or None)
    return Offer(source, None, "first_observed", tariff_of(amounts, key, aliased(entries, key)))
