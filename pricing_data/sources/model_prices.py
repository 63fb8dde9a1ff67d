"""Reads model-prices: `snapshot.json` of its wheel, dated tariffs in USD per Mtok, read exactly.

An entry holds from an instant; an offer from the first whole day (UTC) after it. Its rates for
batches are joined to the newest offer; peak hours are left out: genai-prices has them.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing_data.errors import BadSource
from pricing_data.offers import Amounts, Offer, Reading
from pricing_data.price import Rates, Service, Source, Tariff, Tier
from pricing_data.sources.package_file import Pin, read_member

MEMBER = "model_prices/snapshot.json"
FIELDS = {"input": "input", "output": "output", "cached_input": "cache_read", "cache_write": "cache_write"}
BASES = {
    "documented": "documented",
    "models.dev commit": "upstream_commit",
    "first observed": "first_observed",
}


def read(folder: Path, pin: Pin) -> Reading:
    """All offers, keyed "provider/id". Raises BadSource."""
    raw = read_member(folder, pin, MEMBER)
    amounts = Amounts(pin.package)
    offers: dict[str, tuple[Offer, ...]] = {}
    try:
        snapshot = json.loads(raw, parse_float=Decimal)
        for provider, models in snapshot["prices"].items():
            for name, modes in models.items():
                offers[f"{provider}/{name}"] = _offers(amounts, pin, provider, name, modes)
    except (ValueError, TypeError, LookupError, AttributeError) as fault:
        raise BadSource(folder / pin.wheel, f"{MEMBER}: {fault!r}") from fault
    return Reading(pin.package, {key: found for key, found in offers.items() if found}, tuple(amounts.faults))


def _offers(amounts: Amounts, pin: Pin, provider: str, name: str, modes: Mapping[str, Any]) -> tuple[Offer, ...]:
    key = f"{provider}/{name}"
    found: list[Offer] = []
    for entry in modes.get("standard", ()):
        rates = entry["rates"]
        if not rates:
            continue
        source = Source(pin.package, pin.version, pin.sha256, provider, name, rates["source"])
        since = _midnight(first_whole_day(entry["start"] or rates["valid_from"]))
        tariff = _tariff(amounts, key, rates)
        if tariff.rates.input is not None:
            found.append(Offer(source, since, BASES[rates["valid_from_basis"]], tariff))
    if len(found) > 1 and (found[1].day or date.min) < (found[0].day or date.min):
        del found[0]  # the snapshot was late: a dated correction had ended this price before its first day
    if found and (batch := _batch(amounts, key, modes)):
        newest = replace(found[-1].tariff, services=(Service("batch", batch.rates, batch.tiers),))
        found[-1] = replace(found[-1], tariff=newest)
    return tuple(found)


def first_whole_day(instant: str) -> date:
    """The first day that lies wholly after an instant: the day itself if that is midnight UTC."""
    moment = datetime.fromisoformat(instant).astimezone(UTC)
    return moment.date() + (timedelta(days=1) if moment.time() > time.min else timedelta())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _batch(amounts: Amounts, key: str, modes: Mapping[str, Any]) -> Tariff | None:
    entries = modes.get("batch") or [{"rates": None}]
    newest = entries[-1]["rates"]
    found = _tariff(amounts, f"{key} (batch)", newest) if newest else None
    return found if found and found.rates.input is not None else None


def _tariff(amounts: Amounts, key: str, entry: Mapping[str, Any]) -> Tariff:
    rates = Rates(**{ours: _amount(amounts, key, ours, entry.get(theirs)) for ours, theirs in FIELDS.items()})
    tiers: list[Tier] = []
    for tier in sorted(entry.get("tiers", ()), key=lambda tier: int(tier["above"])):
        found = {ours: _amount(amounts, key, ours, tier.get(theirs)) for ours, theirs in FIELDS.items()}
        changed = {name: value for name, value in found.items() if value is not None}
        tiers.append(Tier(int(tier["above"]), replace(tiers[-1].rates if tiers else rates, **changed)))
    return Tariff(rates, tuple(tiers))


def _amount(amounts: Amounts, key: str, field: str, value: object) -> Decimal | None:
    """A 0 beside an input price is a token that is not sold: no output, no charge for writing a cache."""
    return None if field != "input" and value == 0 else amounts.per_mtok(key, field, value)
