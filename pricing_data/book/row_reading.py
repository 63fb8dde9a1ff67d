"""One line of a price book, read from JSON. Every field is checked; amounts are strings.

Rows that were written before there were services have "batch" and "per_call" in their places; they are read too.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pricing_data.book.row_fields import (
    MAX_FACTOR,
    MAX_USD_PER_CALL,
    MAX_USD_PER_TOKEN,
    BadField,
    amount_given,
    amount_of,
    date_of,
    each_of,
    matching,
    one_of,
    only,
    text_of,
    time_of,
    unique_object,
)
from pricing_data.dates import calendars
from pricing_data.price import (
    BASES,
    COUNTED_FIELDS,
    MIDNIGHT,
    RATE_FIELDS,
    SERVICES,
    STANDARD,
    STATES,
    Opinion,
    Price,
    PriceSource,
    Rates,
    Service,
    Statement,
    Tariff,
    Tier,
    Window,
)

MAX_UTC_OFFSET_MINUTES = 14 * 60

SOURCE_FIELDS = ("package", "version", "sha256", "provider", "id")
FIELDS = ("model", "effective_from", "basis", "currency", "source", "second_opinions", "state", "recorded_at")
OPTIONAL_FIELDS = (
    *RATE_FIELDS,
    "tiers",
    "services",
    "batch",
    "schedule",
    "regions",
    "corrects",
    "not_before",
    "statements",
)

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z", re.ASCII)
_PATH = re.compile(rf"(({'|'.join(SERVICES[1:])})\.)?({'|'.join(RATE_FIELDS)})(>[1-9]\d*)?", re.ASCII)
_OTHER_PATH = re.compile(r"schedule|region\.[a-z0-9-]+", re.ASCII)
_NO_RATES = Rates()
_DECODER = json.JSONDecoder(object_pairs_hook=unique_object)


def parse(line: str) -> Price:
    """Return the price on one line. Raise BadField."""
    try:
        row = _DECODER.decode(line)
    except BadField:
        raise
    except ValueError as fault:
        raise BadField(None, f"not a JSON object: {fault}") from fault
    if not isinstance(row, dict):
        raise BadField(None, "not a JSON object")
    only(row, FIELDS, OPTIONAL_FIELDS, "")
    if row["currency"] != "USD":
        raise BadField("currency", f"must be 'USD', not {row['currency']!r}")
    effective_from, effective_at = _instant(row, "effective_from")
    return Price(
        model=text_of(row, "model"),
        effective_from=effective_from,
        effective_at=effective_at,
        basis=_basis(row),
        tariff=_tariff(row),
        source=_source(row["source"]),
        second_opinions=each_of(row, "second_opinions", _opinion),
        state=one_of(row, "state", STATES),
        recorded_at=date_of(row, "recorded_at"),
        corrects=text_of(row, "corrects") if "corrects" in row else None,
        not_before=date_of(row, "not_before") if "not_before" in row else None,
        statements=each_of(row, "statements", _statement),
    )


def _basis(row: Mapping[str, Any], where: str = "") -> str:
    value = text_of(row, "basis", where)
    if value.startswith("host:") and len(value) > len("host:"):
        return value
    return one_of(row, "basis", BASES, where)


def _instant(row: Mapping[str, Any], name: str) -> tuple[date, time]:
    """Return the day and the time (UTC) of a day, or of an instant that ends in Z."""
    value = text_of(row, name)
    if not _INSTANT.fullmatch(value):
        return date_of(row, name), MIDNIGHT
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except ValueError as fault:
        raise BadField(name, f"no such instant: {value!r}") from fault
    return moment.date(), moment.time()


def _rates(row: Mapping[str, Any], where: str = "") -> Rates:
    return Rates(**{name: amount_of(row, name, where, _largest(name)) for name in RATE_FIELDS if name in row})


def _largest(rate: str) -> Decimal:
    return MAX_USD_PER_CALL if rate in COUNTED_FIELDS else MAX_USD_PER_TOKEN


def _tariff(row: Mapping[str, Any]) -> Tariff:
    rates = _rates(row)
    if rates.input is None:
        raise BadField("input", "missing")
    return Tariff(rates, _tiers(row), _services(row), each_of(row, "schedule", _window), _regions(row))


def _services(row: Mapping[str, Any]) -> tuple[Service, ...]:
    if "batch" in row:
        if "services" in row:
            raise BadField("batch", "must be among the services")
        return (_service("batch", row["batch"], "batch"),)
    found = row.get("services", {})
    if not isinstance(found, dict):
        raise BadField("services", "must be an object")
    for name in found:
        if name not in SERVICES or name == STANDARD:
            raise BadField("services", f"must be of {', '.join(SERVICES[1:])}, not {name!r}")
    return tuple(_service(name, found[name], f"services.{name}") for name in SERVICES if name in found)


def _regions(row: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    found = row.get("regions", {})
    if not isinstance(found, dict):
        raise BadField("regions", "must be an object")
    return tuple((region, amount_given(found, region, "regions.", MAX_FACTOR)) for region in found)


def _tiers(row: Mapping[str, Any], where: str = "") -> tuple[Tier, ...]:
    tiers = each_of(row, "tiers", _tier, where)
    bounds = [tier.above_tokens for tier in tiers]
    if any(higher <= lower for lower, higher in pairwise(bounds)):
        raise BadField(where + "tiers", "must rise by above_tokens")
    return tiers


def _tier(row: dict[str, Any], where: str) -> Tier:
    only(row, ("above_tokens",), RATE_FIELDS, where)
    above = row["above_tokens"]
    if type(above) is not int or above < 1:
        raise BadField(where + "above_tokens", f"must be a whole number above 0, not {above!r}")
    return Tier(above, _rates(row, where))


def _service(name: str, row: object, where: str) -> Service:
    if not isinstance(row, dict):
        raise BadField(where, "must be an object")
    only(row, (), (*RATE_FIELDS, "tiers"), f"{where}.")
    return Service(name, _rates(row, f"{where}."), _tiers(row, f"{where}."))


def _window(row: dict[str, Any], where: str) -> Window:
    hours = {name: value for name, value in row.items() if name not in RATE_FIELDS}
    return hours_of(hours, where, _rates(row, where))


def hours_of(row: Mapping[str, Any], where: str, rates: Rates = _NO_RATES) -> Window:
    """Return the window of a row of hours, with the rates that hold then. Raise BadField."""
    only(row, ("starts", "ends"), ("weekdays", "utc_offset_minutes", "holidays"), where)
    weekdays, offset = row.get("weekdays", []), row.get("utc_offset_minutes", 0)
    if not isinstance(weekdays, list) or any(day not in range(1, 8) or type(day) is not int for day in weekdays):
        raise BadField(where + "weekdays", f"must be whole numbers from 1 (Monday) to 7, not {weekdays!r}")
    if type(offset) is not int or abs(offset) > MAX_UTC_OFFSET_MINUTES:
        raise BadField(
            where + "utc_offset_minutes", f"must be minutes, at most {MAX_UTC_OFFSET_MINUTES}, not {offset!r}"
        )
    holidays = one_of(row, "holidays", calendars(), where) if "holidays" in row else None
    return Window(time_of(row, "starts", where), time_of(row, "ends", where), rates, tuple(weekdays), offset, holidays)


def _statement(row: dict[str, Any], where: str) -> Statement:
    only(row, ("paths", "since", "basis", "source", "state"), ("not_before", "opinions"), where)
    paths, opinions = row["paths"], row.get("opinions", [])
    if not isinstance(paths, list) or not paths or not all(_is_path(path) for path in paths):
        raise BadField(where + "paths", f"must be a list of paths of rates, not {paths!r:.80}")
    if not isinstance(opinions, list) or not all(isinstance(one, list) and len(one) == len("spv") for one in opinions):
        raise BadField(where + "opinions", "must be a list of sources, paths and values")
    return Statement(
        paths=tuple(paths),
        since=date_of(row, "since", where),
        basis=_basis(row, where),
        source=_source(row["source"]),
        state=one_of(row, "state", STATES, where),
        not_before=date_of(row, "not_before", where) if "not_before" in row else None,
        opinions=tuple(
            (str(source), str(path), amount_given({"value": value}, "value", where, MAX_FACTOR))
            for source, path, value in opinions
        ),
    )


def _is_path(path: object) -> bool:
    return isinstance(path, str) and bool(_PATH.fullmatch(path) or _OTHER_PATH.fullmatch(path))


def _opinion(row: dict[str, Any], where: str) -> Opinion:
    only(row, ("source", "value"), ("output",), where)
    return Opinion(text_of(row, "source", where), amount_given(row, "value", where), amount_of(row, "output", where))


def _source(row: object) -> PriceSource:
    if not isinstance(row, dict):
        raise BadField("source", "must be an object")
    try:
        return _read_source(tuple(row.items()))
    except TypeError:  # a list or an object among its values
        raise BadField("source", "must have strings only") from None


@lru_cache(4096)
def _read_source(items: tuple[tuple[str, Any], ...]) -> PriceSource:
    """The same few entries of sources are stated in all rows of their models."""
    row = dict(items)
    only(row, SOURCE_FIELDS, ("url",), "source.")
    matching(row, "sha256", _SHA256, "source.")
    values = {name: text_of(row, name, "source.") for name in SOURCE_FIELDS}
    return PriceSource(**values, url=text_of(row, "url", "source.") if "url" in row else None)
