"""One line of a price book, to and from JSON. Every field is checked; amounts are strings.

Rows that were written before there were services have "batch" and "per_call" in their places; they are read too.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

from pricing_data.calendars import calendars
from pricing_data.cost import plain
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
    Rates,
    Service,
    Source,
    Statement,
    Tariff,
    Tier,
    Window,
)

MAX_DECIMALS = 12
# A thousand times the dearest token sold so far costs less; more is a unit slip.
MAX_USD_PER_TOKEN = Decimal("0.001")
MAX_USD_PER_CALL = Decimal(1)
MAX_FACTOR = Decimal(10)
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

_AMOUNT = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z", re.ASCII)
_PATH = re.compile(rf"(({'|'.join(SERVICES[1:])})\.)?({'|'.join(RATE_FIELDS)})(>[1-9]\d*)?", re.ASCII)
_OTHER_PATH = re.compile(r"schedule|region\.[a-z0-9-]+", re.ASCII)
_NO_RATES = Rates()

T = TypeVar("T")


class BadField(ValueError):
    """A field that breaks a rule; the book adds file and line."""

    def __init__(self, field: str | None, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


def amount_fault(value: Decimal, largest: Decimal = MAX_USD_PER_TOKEN) -> str | None:
    """Return why this cannot be a price per token (or, with another `largest`, per call) in USD, None if it can."""
    if not value.is_finite():
        return "not a finite number"
    if value <= 0:
        return "not above zero: an unknown price is left out, never zero"
    if value > largest:
        return f"above {plain(largest)} USD"
    _, _, exponent = value.normalize().as_tuple()
    if isinstance(exponent, int) and -exponent > MAX_DECIMALS:
        return f"more than {MAX_DECIMALS} decimals"
    return None


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
    _only(row, FIELDS, OPTIONAL_FIELDS, "")
    if row["currency"] != "USD":
        raise BadField("currency", f"must be 'USD', not {row['currency']!r}")
    effective_from, effective_at = _instant(row, "effective_from")
    return Price(
        model=_text(row, "model"),
        effective_from=effective_from,
        effective_at=effective_at,
        basis=_basis(row),
        tariff=_tariff(row),
        source=_source(row["source"]),
        second_opinions=_each(row, "second_opinions", _opinion),
        state=_one_of(row, "state", STATES),
        recorded_at=_date(row, "recorded_at"),
        corrects=_text(row, "corrects") if "corrects" in row else None,
        not_before=_date(row, "not_before") if "not_before" in row else None,
        statements=_each(row, "statements", _statement),
    )


def dump(price: Price) -> str:
    """Return the line for a price, without its newline. `parse` gives the same price back."""
    tariff = price.tariff
    row: dict[str, Any] = {
        "model": price.model,
        "effective_from": instant_text(price.effective_from, price.effective_at),
        "basis": price.basis,
        "not_before": price.not_before.isoformat() if price.not_before else None,
        "currency": "USD",
        **_rates_row(tariff.rates),
        "tiers": _tiers_row(tariff.tiers),
        "services": {service.name: _service_row(service) for service in tariff.services},
        "schedule": [_window_row(window) for window in tariff.schedule],
        "regions": {region: plain(factor) for region, factor in tariff.regions},
        "source": _source_row(price.source),
        "second_opinions": [_opinion_row(opinion) for opinion in price.second_opinions],
        "state": price.state,
        "statements": [_statement_row(statement) for statement in price.statements],
        "recorded_at": price.recorded_at.isoformat(),
        "corrects": price.corrects,
    }
    kept = {name: value for name, value in row.items() if value or name in FIELDS}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def instant_text(day: date, at: time) -> str:
    """Return a day, with the time (UTC) if it is not midnight: "2026-08-16", "2026-08-16T16:00Z"."""
    return (
        day.isoformat() if at == MIDNIGHT else f"{day.isoformat()}T{at.isoformat('auto' if at.second else 'minutes')}Z"
    )


def _rates_row(rates: Rates) -> dict[str, str]:
    values = ((name, getattr(rates, name)) for name in RATE_FIELDS)
    return {name: plain(value) for name, value in values if value is not None}


def _tiers_row(tiers: tuple[Tier, ...]) -> list[dict[str, Any]]:
    return [{"above_tokens": tier.above_tokens, **_rates_row(tier.rates)} for tier in tiers]


def _service_row(service: Service) -> dict[str, Any]:
    row: dict[str, Any] = _rates_row(service.rates)
    return {**row, "tiers": _tiers_row(service.tiers)} if service.tiers else row


def _source_row(source: Source) -> dict[str, str]:
    row = {name: str(getattr(source, name)) for name in SOURCE_FIELDS}
    return {**row, "url": source.url} if source.url else row


def _statement_row(statement: Statement) -> dict[str, Any]:
    row: dict[str, Any] = {
        "paths": list(statement.paths),
        "since": statement.since.isoformat(),
        "basis": statement.basis,
        "source": _source_row(statement.source),
        "state": statement.state,
        "not_before": statement.not_before.isoformat() if statement.not_before else None,
        "opinions": [[source, path, plain(value)] for source, path, value in statement.opinions],
    }
    return {name: value for name, value in row.items() if value}


def _opinion_row(opinion: Opinion) -> dict[str, str]:
    row = {"source": opinion.source, "value": plain(opinion.value)}
    return row if opinion.output is None else {**row, "output": plain(opinion.output)}


def _window_row(window: Window) -> dict[str, Any]:
    row: dict[str, Any] = {"starts": window.starts.strftime("%H:%M"), "ends": window.ends.strftime("%H:%M")}
    days = {
        "weekdays": list(window.weekdays),
        "utc_offset_minutes": window.utc_offset_minutes,
        "holidays": window.holidays,
    }
    return {**row, **{name: value for name, value in days.items() if value}, **_rates_row(window.rates)}


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadField(None, "a field is given twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _only(row: Mapping[str, Any], needed: tuple[str, ...], allowed: tuple[str, ...], where: str) -> None:
    for name in needed:
        if name not in row:
            raise BadField(where + name, "missing")
    for name in row:
        if name not in needed and name not in allowed:
            raise BadField(where + name, "unknown field")


def _text(row: Mapping[str, Any], name: str, where: str = "") -> str:
    value = row[name]
    if not isinstance(value, str) or not value:
        raise BadField(where + name, f"must be a non-empty string, not {value!r}")
    return value


def _matching(row: Mapping[str, Any], name: str, shape: re.Pattern[str], where: str = "") -> str:
    value = _text(row, name, where)
    if not shape.fullmatch(value):
        raise BadField(where + name, f"malformed: {value!r}")
    return value


def _one_of(row: Mapping[str, Any], name: str, allowed: frozenset[str], where: str = "") -> str:
    value = _text(row, name, where)
    if value not in allowed:
        raise BadField(where + name, f"must be one of {', '.join(sorted(allowed))}, not {value!r}")
    return value


def _basis(row: Mapping[str, Any], where: str = "") -> str:
    value = _text(row, "basis", where)
    if value.startswith("host:") and len(value) > len("host:"):
        return value
    return _one_of(row, "basis", BASES, where)


def _date(row: Mapping[str, Any], name: str, where: str = "") -> date:
    value = _matching(row, name, _DATE, where)
    try:
        return date.fromisoformat(value)
    except ValueError as fault:
        raise BadField(where + name, f"no such date: {value!r}") from fault


def _instant(row: Mapping[str, Any], name: str) -> tuple[date, time]:
    """Return the day and the time (UTC) of a day, or of an instant that ends in Z."""
    value = _text(row, name)
    if not _INSTANT.fullmatch(value):
        return _date(row, name), MIDNIGHT
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except ValueError as fault:
        raise BadField(name, f"no such instant: {value!r}") from fault
    return moment.date(), moment.time()


def _amount(row: Mapping[str, Any], name: str, where: str, largest: Decimal = MAX_USD_PER_TOKEN) -> Decimal | None:
    return _given(row, name, where, largest) if name in row else None


def _given(row: Mapping[str, Any], name: str, where: str, largest: Decimal = MAX_USD_PER_TOKEN) -> Decimal:
    value = row[name]
    if type(value) is not str:
        raise BadField(where + name, f"must be a plain decimal string, not {value!r}")
    amount, fault = _checked(value, largest)
    if fault:
        raise BadField(where + name, fault)
    return amount


@lru_cache(4096)
def _checked(value: str, largest: Decimal) -> tuple[Decimal, str | None]:
    """The amount and why it cannot be one. The same few hundred stand in thousands of places."""
    if not _AMOUNT.fullmatch(value):
        return Decimal(), f"must be a plain decimal string, not {value!r}"
    amount = Decimal(value)
    fault = amount_fault(amount, largest)
    return amount, fault and f"{fault}: {value!r}"


def _rates(row: Mapping[str, Any], where: str = "") -> Rates:
    return Rates(**{name: _amount(row, name, where, _largest(name)) for name in RATE_FIELDS if name in row})


def _largest(rate: str) -> Decimal:
    return MAX_USD_PER_CALL if rate in COUNTED_FIELDS else MAX_USD_PER_TOKEN


def _tariff(row: Mapping[str, Any]) -> Tariff:
    rates = _rates(row)
    if rates.input is None:
        raise BadField("input", "missing")
    return Tariff(rates, _tiers(row), _services(row), _each(row, "schedule", _window), _regions(row))


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
    return tuple((region, _given(found, region, "regions.", MAX_FACTOR)) for region in found)


def _each(
    row: Mapping[str, Any], name: str, read: Callable[[dict[str, Any], str], T], where: str = ""
) -> tuple[T, ...]:
    values = row.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise BadField(where + name, "must be a list of objects")
    return tuple(read(value, f"{where}{name}[{place}].") for place, value in enumerate(values))


def _tiers(row: Mapping[str, Any], where: str = "") -> tuple[Tier, ...]:
    tiers = _each(row, "tiers", _tier, where)
    bounds = [tier.above_tokens for tier in tiers]
    if any(higher <= lower for lower, higher in pairwise(bounds)):
        raise BadField(where + "tiers", "must rise by above_tokens")
    return tiers


def _tier(row: dict[str, Any], where: str) -> Tier:
    _only(row, ("above_tokens",), RATE_FIELDS, where)
    above = row["above_tokens"]
    if type(above) is not int or above < 1:
        raise BadField(where + "above_tokens", f"must be a whole number above 0, not {above!r}")
    return Tier(above, _rates(row, where))


def _service(name: str, row: object, where: str) -> Service:
    if not isinstance(row, dict):
        raise BadField(where, "must be an object")
    _only(row, (), (*RATE_FIELDS, "tiers"), f"{where}.")
    return Service(name, _rates(row, f"{where}."), _tiers(row, f"{where}."))


def _window(row: dict[str, Any], where: str) -> Window:
    hours = {name: value for name, value in row.items() if name not in RATE_FIELDS}
    return hours_of(hours, where, _rates(row, where))


def hours_of(row: Mapping[str, Any], where: str, rates: Rates = _NO_RATES) -> Window:
    """Return the window of a row of hours, with the rates that hold then. Raise BadField."""
    _only(row, ("starts", "ends"), ("weekdays", "utc_offset_minutes", "holidays"), where)
    weekdays, offset = row.get("weekdays", []), row.get("utc_offset_minutes", 0)
    if not isinstance(weekdays, list) or any(day not in range(1, 8) or type(day) is not int for day in weekdays):
        raise BadField(where + "weekdays", f"must be whole numbers from 1 (Monday) to 7, not {weekdays!r}")
    if type(offset) is not int or abs(offset) > MAX_UTC_OFFSET_MINUTES:
        raise BadField(
            where + "utc_offset_minutes", f"must be minutes, at most {MAX_UTC_OFFSET_MINUTES}, not {offset!r}"
        )
    holidays = _one_of(row, "holidays", calendars(), where) if "holidays" in row else None
    return Window(_time(row, "starts", where), _time(row, "ends", where), rates, tuple(weekdays), offset, holidays)


def _statement(row: dict[str, Any], where: str) -> Statement:
    _only(row, ("paths", "since", "basis", "source", "state"), ("not_before", "opinions"), where)
    paths, opinions = row["paths"], row.get("opinions", [])
    if not isinstance(paths, list) or not paths or not all(_is_path(path) for path in paths):
        raise BadField(where + "paths", f"must be a list of paths of rates, not {paths!r:.80}")
    if not isinstance(opinions, list) or not all(isinstance(one, list) and len(one) == len("spv") for one in opinions):
        raise BadField(where + "opinions", "must be a list of sources, paths and values")
    return Statement(
        paths=tuple(paths),
        since=_date(row, "since", where),
        basis=_basis(row, where),
        source=_source(row["source"]),
        state=_one_of(row, "state", STATES, where),
        not_before=_date(row, "not_before", where) if "not_before" in row else None,
        opinions=tuple(
            (str(source), str(path), _given({"value": value}, "value", where, MAX_FACTOR))
            for source, path, value in opinions
        ),
    )


def _is_path(path: object) -> bool:
    return isinstance(path, str) and bool(_PATH.fullmatch(path) or _OTHER_PATH.fullmatch(path))


def _time(row: Mapping[str, Any], name: str, where: str) -> time:
    value = _matching(row, name, _TIME, where)
    try:
        return time.fromisoformat(value)
    except ValueError as fault:
        raise BadField(where + name, f"no such time: {value!r}") from fault


def _opinion(row: dict[str, Any], where: str) -> Opinion:
    _only(row, ("source", "value"), ("output",), where)
    return Opinion(_text(row, "source", where), _given(row, "value", where), _amount(row, "output", where))


def _source(row: object) -> Source:
    if not isinstance(row, dict):
        raise BadField("source", "must be an object")
    try:
        return _read_source(tuple(row.items()))
    except TypeError:  # a list or an object among its values
        raise BadField("source", "must have strings only") from None


@lru_cache(4096)
def _read_source(items: tuple[tuple[str, Any], ...]) -> Source:
    """The same few entries of sources are stated in all rows of their models."""
    row = dict(items)
    _only(row, SOURCE_FIELDS, ("url",), "source.")
    _matching(row, "sha256", _SHA256, "source.")
    values = {name: _text(row, name, "source.") for name in SOURCE_FIELDS}
    return Source(**values, url=_text(row, "url", "source.") if "url" in row else None)
