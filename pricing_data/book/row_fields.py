"""Checks of the fields of a row of the price book. Each raises BadField, which names the field and its value."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from pricing_data.cost import plain

MAX_DECIMALS = 12
# A thousand times the dearest token sold so far costs less; more is a unit slip.
MAX_USD_PER_TOKEN = Decimal("0.001")
MAX_USD_PER_CALL = Decimal(1)
MAX_FACTOR = Decimal(10)

_AMOUNT = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

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


def unique_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object of JSON pairs; a name that stands twice is refused."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadField(None, "a field is given twice")
    return found


def only(row: Mapping[str, Any], needed: tuple[str, ...], allowed: tuple[str, ...], where: str) -> None:
    """Check that a row has all fields that it needs, and no unknown ones."""
    for name in needed:
        if name not in row:
            raise BadField(where + name, "missing")
    for name in row:
        if name not in needed and name not in allowed:
            raise BadField(where + name, "unknown field")


def text_of(row: Mapping[str, Any], name: str, where: str = "") -> str:
    """Return a field that is a non-empty string."""
    value = row[name]
    if not isinstance(value, str) or not value:
        raise BadField(where + name, f"must be a non-empty string, not {value!r}")
    return value


def matching(row: Mapping[str, Any], name: str, shape: re.Pattern[str], where: str = "") -> str:
    """Return a field that is a string of a shape."""
    value = text_of(row, name, where)
    if not shape.fullmatch(value):
        raise BadField(where + name, f"malformed: {value!r}")
    return value


def one_of(row: Mapping[str, Any], name: str, allowed: frozenset[str], where: str = "") -> str:
    """Return a field that is one of some words."""
    value = text_of(row, name, where)
    if value not in allowed:
        raise BadField(where + name, f"must be one of {', '.join(sorted(allowed))}, not {value!r}")
    return value


def date_of(row: Mapping[str, Any], name: str, where: str = "") -> date:
    """Return a field that is a date: "2026-01-31"."""
    value = matching(row, name, _DATE, where)
    try:
        return date.fromisoformat(value)
    except ValueError as fault:
        raise BadField(where + name, f"no such date: {value!r}") from fault


def time_of(row: Mapping[str, Any], name: str, where: str) -> time:
    """Return a field that is a time of day: "16:30"."""
    value = matching(row, name, _TIME, where)
    try:
        return time.fromisoformat(value)
    except ValueError as fault:
        raise BadField(where + name, f"no such time: {value!r}") from fault


def amount_of(row: Mapping[str, Any], name: str, where: str, largest: Decimal = MAX_USD_PER_TOKEN) -> Decimal | None:
    """Return an amount that may be missing; None if it is."""
    return amount_given(row, name, where, largest) if name in row else None


def amount_given(row: Mapping[str, Any], name: str, where: str, largest: Decimal = MAX_USD_PER_TOKEN) -> Decimal:
    """Return an amount: a plain decimal string, above zero and at most `largest`."""
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


def each_of(
    row: Mapping[str, Any], name: str, read: Callable[[dict[str, Any], str], T], where: str = ""
) -> tuple[T, ...]:
    """Return what `read` makes of each object of a list; a missing list is empty."""
    values = row.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise BadField(where + name, "must be a list of objects")
    return tuple(read(value, f"{where}{name}[{place}].") for place, value in enumerate(values))
