"""Rows of exports, read as they are: days, models, tokens, and amounts that were charged."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from estimation.audit.layouts import (
    BATCH_VALUES,
    COSTS,
    LONG_CONTEXT,
    PLAIN_VALUES,
    USAGE,
    Layout,
    layout_of,
)
from estimation.errors import NoAccount
from pricing_data.price import STANDARD
from pricing_data.usage import Usage

UNIX_DIGITS = 9


class UsageRow(NamedTuple):
    """One row of usage; `fault` says why it cannot be priced. Several calls may be in one row, `requests` if known."""

    day: date
    model: str
    usage: Usage
    service: str
    requests: int | None
    one_call: bool
    long_context: bool
    billed: Decimal | None
    fault: str | None


class CostRow(NamedTuple):
    """What was charged for a model on a day, in USD."""

    day: date
    model: str
    usd: Decimal


def usage_rows(path: Path) -> Iterator[UsageRow]:
    """The rows of a usage export; the kind follows from its columns. Raises NoAccount, OSError."""
    for layout, number, row in _rows(path, USAGE):
        try:
            yield _usage_row(layout, row)
        except ValueError as fault:
            raise NoAccount(str(path), f"row {number}: {fault}.") from None


def cost_rows(path: Path) -> Iterator[CostRow]:
    """The rows of a costs export that name a model. Raises NoAccount, OSError."""
    for layout, number, row in _rows(path, COSTS):
        try:
            amount = _amount(_value(row, layout.billed))
            model = _value(row, layout.model).partition(",")[0].strip()
            if amount is not None:
                yield CostRow(_day(_value(row, layout.date)), model, amount)
        except ValueError as fault:
            raise NoAccount(str(path), f"row {number}: {fault}.") from None


def _rows(path: Path, layouts: Sequence[Layout]) -> Iterator[tuple[Layout, int, Mapping[str, str]]]:
    dialect = "excel-tab" if path.suffix.lower() == ".tsv" else "excel"
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.DictReader(file, dialect=dialect, strict=True, restval="")
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            layout = layout_of(header, layouts)
            if layout is None:
                kinds = "; ".join(f"{each.name}: {', '.join(_needed(each))}" for each in layouts)
                raise NoAccount(str(path), f"its columns are of no known kind. Needed are, for {kinds}.")
            for number, row in enumerate(reader, start=1):
                if None in row:
                    raise NoAccount(str(path), f"row {number} has more values than the header has columns.")
                yield layout, number, row
        except (csv.Error, UnicodeDecodeError) as fault:
            raise NoAccount(str(path), f"it is not CSV in UTF-8: {fault}.") from None


def _needed(layout: Layout) -> list[str]:
    names = [layout.date[0], layout.model[0], *(layout.input or layout.billed)[:1], *layout.requests[:1]]
    return names if not layout.one_call_a_row else names[:3]


def _usage_row(layout: Layout, row: Mapping[str, str]) -> UsageRow:
    cached, written = _tokens(row, layout.cached), _tokens(row, layout.written)
    fresh = _tokens(row, layout.input)
    whole = fresh if layout.input_is_whole else fresh + cached + written
    batch = _value(row, layout.batch).lower() in BATCH_VALUES
    requests = _tokens(row, layout.requests) if _value(row, layout.requests) else None
    return UsageRow(
        _day(_value(row, layout.date)),
        _value(row, layout.model),
        Usage(whole, _tokens(row, layout.output), cached, written),
        "batch" if batch else STANDARD,
        requests,
        layout.one_call_a_row and requests in (None, 1),
        _value(row, layout.context).lower().startswith(LONG_CONTEXT),
        _amount(_value(row, layout.billed)),
        _fault(layout, row),
    )


def _fault(layout: Layout, row: Mapping[str, str]) -> str | None:
    """Why the book cannot price a row."""
    for name in layout.plain:
        if (value := row.get(name, "").strip()).lower() not in PLAIN_VALUES:
            return f"{name} is {value}, which is sold at prices of its own"
    for name in layout.extra:
        if _tokens(row, (name,)):
            return f"it has {name}, whose price is not in the book"
    return None


def _value(row: Mapping[str, str], names: Sequence[str]) -> str:
    return next((row[name].strip() for name in names if name in row), "")


def _tokens(row: Mapping[str, str], names: Sequence[str]) -> int:
    text = _value(row, names).removesuffix(".0").replace(",", "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{names[0]} is {text[:40]!r}, not a whole number")
    return int(text)


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.lstrip("$")) if text else None
    except InvalidOperation:
        raise ValueError(f"the amount {text[:40]!r} is not a number") from None
    if amount is not None and not amount.is_finite():
        raise ValueError(f"the amount {text[:40]!r} is not a number")
    return amount


def _day(text: str) -> date:
    """The day (UTC) of a date, an instant, or seconds since 1970."""
    try:
        if text.isascii() and text.isdigit() and len(text) >= UNIX_DIGITS:
            return datetime.fromtimestamp(int(text), UTC).date()
        if len(text) == len("2026-01-31"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text[:40]!r} is neither a date nor an instant") from None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
