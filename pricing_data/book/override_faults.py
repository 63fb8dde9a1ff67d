"""What is wrong with the entries of a file of cited prices: every fault of every entry, one sentence each."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from pricing_data.book.row_fields import MAX_FACTOR, MAX_USD_PER_CALL, MAX_USD_PER_TOKEN, BadField, amount_fault
from pricing_data.book.row_reading import hours_of
from pricing_data.cost import plain
from pricing_data.dates import begin_of
from pricing_data.price import COUNTED_FIELDS, RATE_FIELDS, SERVICES

CITATION = ("url", "reason")
TARIFF = ("tiers", *SERVICES[1:], "schedule", "regions")
FIELDS: Mapping[str, frozenset[str]] = {
    "override": frozenset({"model", "effective_from", *RATE_FIELDS, *TARIFF, "replaces", "expires", *CITATION}),
    "correction": frozenset({"model", "effective_from", *RATE_FIELDS, *CITATION}),
    "allow": frozenset({"model", "input", *CITATION}),
    "markup": frozenset({"account", "percent", "effective_from", "expires", "reason"}),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "override": ("model", "effective_from", "input", *CITATION),
    "correction": ("model", "effective_from", "input", *CITATION),
    "allow": ("model", "input", *CITATION),
    "markup": ("account", "percent"),
}
TEXTS = ("model", "account", *CITATION)
MAX_PERCENT = Decimal(1_000)
MAX_PERCENT_DECIMALS = 6


def faults_of(raw: Mapping[str, Any], *, free: bool) -> Iterator[str]:
    """Return every fault of a file. With `free`, an override may have a price of 0."""
    for kind, entries in raw.items():
        if kind not in FIELDS:
            yield f"[[{kind}]] is not known here; there are {', '.join(FIELDS)}"
        elif not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            yield f"{kind}: write [[{kind}]], once for each entry"
        else:
            for place, entry in enumerate(entries, start=1):
                named = entry.get("account", "no account") if kind == "markup" else entry.get("model", "no model")
                faults = _entry_faults(kind, entry, free and kind == "override")
                yield from (f"{kind} {place} ({named}): {fault}" for fault in faults)


def _entry_faults(kind: str, entry: Mapping[str, Any], free: bool) -> Iterator[str]:
    for field in sorted(set(entry) - FIELDS[kind]):
        yield f"{field} is not a field of it"
    for field in NEEDED[kind]:
        if not entry.get(field):
            yield f"{field} is missing"
    for field in entry:
        yield from _field_faults(kind, field, entry[field], free)
    yield from _citation_faults(entry)


def _field_faults(kind: str, field: str, value: object, free: bool) -> Iterator[str]:
    if field not in FIELDS[kind]:
        return
    if field in TEXTS and not isinstance(value, str):
        yield f"{field} must be a string, not {value!r}"
    elif field in ("effective_from", "expires"):
        yield from _day_faults(kind, field, value)
    elif field in RATE_FIELDS or field == "replaces":
        yield from _amount_faults(field, value, largest_of(field), free)
    elif field == "percent":
        yield from _percent_faults(value)
    elif field == "tiers":
        yield from _tier_faults(field, value, free)
    elif field in SERVICES:
        yield from _service_faults(field, value, free)
    elif field == "schedule":
        yield from _schedule_faults(value, free)
    elif field == "regions":
        yield from _region_faults(value)


def _day_faults(kind: str, field: str, value: object) -> Iterator[str]:
    if isinstance(value, datetime):
        if kind == "correction":
            yield f"{field} must be a date such as 2026-01-31, without quotes, not {value}"
        elif value.tzinfo is None:
            yield f"{field} must say its time zone, as in 2026-01-31T16:00:00Z, not {value}"
    elif not isinstance(value, date):
        yield f"{field} must be a date such as 2026-01-31, without quotes, not {value!r}"


def _amount_faults(field: str, value: object, largest: Decimal, free: bool) -> Iterator[str]:
    if not isinstance(value, str):
        yield f'{field} must be a decimal string in USD, as in "0.000002", not {value!r}'
        return
    amount = _decimal(value)
    if amount is None:
        yield f"{field} is not a number: {value!r}"
    elif not (free and amount.is_zero()) and (fault := amount_fault(amount, largest)):
        yield f"{field} is {fault}: {value!r}"


def _decimal(value: str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def largest_of(field: str) -> Decimal:
    """Return the largest amount that a field can have, in USD; more is a slip of the unit."""
    return MAX_USD_PER_CALL if field in COUNTED_FIELDS else MAX_USD_PER_TOKEN


def _percent_faults(value: object) -> Iterator[str]:
    amount = _decimal(value) if isinstance(value, str) else None
    if amount is None:
        yield f'percent must be a decimal string, as in "12.5", not {value!r}'
    elif not amount.is_finite() or not 0 <= amount <= MAX_PERCENT:
        yield f"percent must be from 0 to {plain(MAX_PERCENT)}, not {value!r}"
    elif amount.normalize().as_tuple().exponent < -MAX_PERCENT_DECIMALS:  # type: ignore[operator]
        yield f"percent has more than {MAX_PERCENT_DECIMALS} decimals: {value!r}"


def _rate_faults(where: str, table: Mapping[str, Any], others: tuple[str, ...], free: bool) -> Iterator[str]:
    for name, value in table.items():
        if name in RATE_FIELDS:
            yield from _amount_faults(f"{where}.{name}", value, largest_of(name), free)
        elif name not in others:
            yield f"{where}.{name} is not a field of it"


def _tier_faults(where: str, tiers: object, free: bool) -> Iterator[str]:
    if not isinstance(tiers, list) or not _is_tables(tiers):
        yield f"{where} must be a list of tables with above_tokens and rates"
        return
    bound = 0
    for place, tier in enumerate(tiers, start=1):
        above = tier.get("above_tokens")
        if type(above) is not int or above <= bound:
            yield f"{where} {place}: above_tokens must be a whole number above {bound}, not {above!r}"
        else:
            bound = above
        yield from _rate_faults(f"{where} {place}", tier, ("above_tokens",), free)


def _is_tables(entries: list[Any]) -> bool:
    return all(isinstance(entry, dict) for entry in entries)


def _service_faults(name: str, service: object, free: bool) -> Iterator[str]:
    if not isinstance(service, dict):
        yield f"{name} must be a table of rates, as [override.{name}]"
        return
    yield from _rate_faults(name, service, ("tiers",), free)
    if "tiers" in service:
        yield from _tier_faults(f"{name}.tiers", service["tiers"], free)


def _schedule_faults(schedule: object, free: bool) -> Iterator[str]:
    if not isinstance(schedule, list) or not _is_tables(schedule):
        yield "schedule must be tables with starts, ends and rates, each as [[override.schedule]]"
        return
    for place, window in enumerate(schedule, start=1):
        where = f"schedule {place}"
        yield from _rate_faults(where, window, HOURS, free)
        try:
            hours_of({name: value for name, value in window.items() if name in HOURS}, "")
        except BadField as fault:
            yield f"{where}: {fault.field} {fault.reason}"


HOURS = ("starts", "ends", "weekdays", "utc_offset_minutes", "holidays")


def _region_faults(regions: object) -> Iterator[str]:
    if not isinstance(regions, dict):
        yield 'regions must be a table of factors, as in us = "1.1"'
        return
    for region, factor in regions.items():
        yield from _amount_faults(f"regions.{region}", factor, MAX_FACTOR, free=False)


def _citation_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    url = entry.get("url")
    if isinstance(url, str) and url and urlsplit(url).scheme not in ("http", "https"):
        yield f"url must say where the price is published, as in https://example.org/prices, not {url!r}"
    since, expires = entry.get("effective_from"), entry.get("expires")
    if isinstance(since, date) and isinstance(expires, date) and _is_before(expires, since):
        yield f"expires {expires} is not after effective_from {since}"


def _is_before(expires: date, since: date) -> bool:
    try:
        return begin_of(expires) <= begin_of(since)
    except TypeError:
        return False
