"""Reads LiteLLM's price file: JSON inside its wheel, in USD per token, each number read exactly.

It has no dates: each entry is one offer without a first day.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing_data.errors import BadSource
from pricing_data.offers import Amounts, Offer, Reading
from pricing_data.price import Source
from pricing_data.sources.litellm_entries import Fields, tariff_of
from pricing_data.sources.package_file import Pin, read_member

MEMBER = "litellm/model_prices_and_context_window_backup.json"
NOT_A_MODEL = "sample_spec"


def read(folder: Path, pin: Pin) -> Reading:
    """Return all offers, keyed as in the file. Raise BadSource."""
    raw = read_member(folder, pin, MEMBER)
    amounts = Amounts(pin.package)
    try:
        entries: dict[str, dict[str, Any]] = json.loads(raw, parse_float=Decimal)
        offers = {key: _offer(amounts, pin, key, entries) for key in entries if key != NOT_A_MODEL}
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
        raise BadSource(folder / pin.wheel, f"{MEMBER}: {fault!r}") from fault
    priced = {key: (offer,) for key, offer in offers.items() if offer.tariff.rates.input is not None}
    return Reading(pin.package, priced, tuple(amounts.faults))


def aliased(entries: Mapping[str, Fields], key: str) -> Fields:
    """Return the fields of an entry: those of the entry that it is an alias of, if it is one. Raise KeyError."""
    return entries[entries[key].get("alias_of", key)]


def _offer(amounts: Amounts, pin: Pin, key: str, entries: Mapping[str, Mapping[str, Any]]) -> Offer:
    entry = entries[key]
    provider = str(entry.get("litellm_provider") or "unknown")
    source = Source(pin.package, pin.version, pin.sha256, provider, key, entry.get("source") or None)
    return Offer(source, None, "first_observed", tariff_of(amounts, key, aliased(entries, key)))
