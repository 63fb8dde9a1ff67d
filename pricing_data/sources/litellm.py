"""Reads LiteLLM's price file: JSON inside its wheel, in USD per token, each number read exactly.

It knows no dates: each entry is one offer without a first day.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing_data.errors import BadSource
from pricing_data.offers import Amounts, Offer, Reading
from pricing_data.price import Rates, Service, Source, Tariff, Tier
from pricing_data.sources.package_file import Pin, read_member

MEMBER = "litellm/model_prices_and_context_window_backup.json"
NOT_A_MODEL = "sample_spec"
FIELDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}
BATCH = "_batches"
ABOVE = re.compile(r"_above_(\d+)k_tokens")


def read(folder: Path, pin: Pin) -> Reading:
    """All offers, keyed as in the file. Raises BadSource."""
    raw = read_member(folder, pin, MEMBER)
    amounts = Amounts(pin.package)
    try:
        entries: dict[str, dict[str, Any]] = json.loads(raw, parse_float=Decimal)
        offers = {key: _offer(amounts, pin, key, entry) for key, entry in entries.items() if key != NOT_A_MODEL}
    except (ValueError, TypeError, AttributeError) as fault:
        raise BadSource(folder / pin.wheel, f"{MEMBER}: {fault}") from fault
    priced = {key: (offer,) for key, offer in offers.items() if offer.tariff.rates.input is not None}
    return Reading(pin.package, priced, tuple(amounts.faults))


def _offer(amounts: Amounts, pin: Pin, key: str, entry: Mapping[str, Any]) -> Offer:
    provider = str(entry.get("litellm_provider") or "unknown")
    source = Source(pin.package, pin.version, pin.sha256, provider, key, entry.get("source") or None)
    rates = _rates(amounts, key, entry, "")
    tariff = Tariff(rates, _tiers(amounts, key, entry, rates, ""))
    if (batch := _over(rates, _rates(amounts, key, entry, BATCH))) and entry.get(FIELDS["input"] + BATCH):
        tariff = replace(tariff, services=(Service("batch", batch, _tiers(amounts, key, entry, batch, BATCH)),))
    return Offer(source, None, "first_observed", tariff)


def _rates(amounts: Amounts, key: str, entry: Mapping[str, Any], suffix: str) -> Rates:
    found = {ours: entry.get(field + suffix) for ours, field in FIELDS.items()}
    if found["input"] and not found["output"]:
        found["output"] = None  # an embeddings model has a 0 here: it gives no tokens back
    return Rates(**{ours: amounts.per_token(key, ours + suffix, value) for ours, value in found.items()})


def _tiers(amounts: Amounts, key: str, entry: Mapping[str, Any], rates: Rates, ending: str) -> tuple[Tier, ...]:
    bounds = {int(m[1]) for field in entry if (m := ABOVE.search(field)) and field.endswith(m[0] + ending)}
    tiers: list[Tier] = []
    for bound in sorted(bounds):
        below = tiers[-1].rates if tiers else rates
        above = _over(below, _rates(amounts, key, entry, f"_above_{bound}k_tokens{ending}"))
        if above != below:
            tiers.append(Tier(bound * 1000, above))
    return tuple(tiers)


def _over(below: Rates, named: Rates) -> Rates:
    """The rates that are named, and those below where they are silent."""
    return replace(below, **{name: value for name in FIELDS if (value := getattr(named, name)) is not None})
