"""Opens a file of usage or costs: the layout follows from its columns, the rows from its layout."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pricing_data.errors import UnusableUsageFile
from pricing_data.usage_files.clouds import BEDROCK_LINES, VERTEX_LINES
from pricing_data.usage_files.columns import ReadingOptions, meaning_given_twice
from pricing_data.usage_files.gateways import LITELLM_DAYS, LITELLM_LOGS, OPENROUTER_ACTIVITY, OPENROUTER_DAYS
from pricing_data.usage_files.layout import CHARGES, IGNORE, THINGS, TOKEN_COUNTS, ExportLayout, layout_of, plain_name
from pricing_data.usage_files.providers import (
    ANTHROPIC_COST_REPORT,
    ANTHROPIC_COSTS,
    ANTHROPIC_USAGE,
    ANTHROPIC_USAGE_REPORT,
    OPENAI_COSTS,
    OPENAI_USAGE,
)
from pricing_data.usage_files.reader import RowReader
from pricing_data.usage_files.row import UsageRow
from pricing_data.usage_files.table import ExportTable, open_table

GENERIC = ExportLayout(
    "plain columns",
    {
        **{
            name: (name,) for name in (*TOKEN_COUNTS, *THINGS, *CHARGES, "seconds", "requests", "speed", "total_tokens")
        },
        # An instant is worth more than a day: prices may differ by the hour.
        "date": ("timestamp", "date", "day"),
        "model": ("model",),
        "service_tier": ("service_tier",),
        "batch": ("batch",),
        "region": ("region",),
        "context_window": ("context_window",),
        "cost_usd": ("cost_usd", "billed", "cost"),
    },
    needed=("model", "input_tokens"),
)
USAGE = (
    OPENAI_USAGE,
    ANTHROPIC_USAGE,
    ANTHROPIC_USAGE_REPORT,
    OPENROUTER_ACTIVITY,
    OPENROUTER_DAYS,
    LITELLM_LOGS,
    LITELLM_DAYS,
    BEDROCK_LINES,
    VERTEX_LINES,
    GENERIC,
)
COSTS = (OPENAI_COSTS, ANTHROPIC_COSTS, ANTHROPIC_COST_REPORT)


PLAIN = ReadingOptions()


@dataclass(slots=True)
class UsageFile:
    """An open file: its table, and the reader of its rows."""

    table: ExportTable
    reader: RowReader

    def rows(self) -> Iterator[UsageRow]:
        """Return the rows that are usage or charges, in order, numbered from 1. Raise UnusableUsageFile."""
        for number, values in enumerate(self.table.rows, start=1):
            row = self.reader.read(number, values)
            if row is not None:
                yield row


@contextmanager
def open_usage(
    path: Path, layouts: Sequence[ExportLayout] = USAGE, options: ReadingOptions = PLAIN
) -> Iterator[UsageFile]:
    """Open an export; its kind follows from its columns. Raise UnusableUsageFile, OSError."""
    usable = _usable(layouts, options)
    with open_table(path, lambda header: _layout(header, usable, options) is not None, options.separator) as table:
        layout = _layout(table.header, usable, options)
        if layout is None:
            raise UnusableUsageFile(path, _unknown(table.header, usable, options))
        decimal_comma = table.separator == ";" if options.decimal_comma is None else options.decimal_comma
        currency = table.preamble.get("Currency") or _currency_of(table.header, layout)
        reader = RowReader(layout, table.header, options, currency=currency, decimal_comma=decimal_comma)
        _check(path, reader, options)
        yield UsageFile(table, reader)


def _usable(layouts: Sequence[ExportLayout], options: ReadingOptions) -> Sequence[ExportLayout]:
    """A person who says what columns mean describes plain columns."""
    said = any(meaning != IGNORE for meaning in options.columns.values())
    return (GENERIC,) if said and GENERIC in layouts else layouts


def _layout(header: Sequence[str], layouts: Sequence[ExportLayout], options: ReadingOptions) -> ExportLayout | None:
    said = [options.columns.get(name.strip(), name) for name in header]
    return layout_of(said, layouts)


def _unknown(header: Sequence[str], layouts: Sequence[ExportLayout], options: ReadingOptions) -> str:
    if GENERIC in layouts:
        said = {options.columns.get(name, name) for name in header}
        missing = [name for name in GENERIC.needed if name not in said]
        there = ", ".join(header) or "none"
        return (
            f"its columns are of no known kind: there is no column {', '.join(missing)}; there are {there}. "
            "--column NAME=OURS says what a column is."
        )
    kinds = "; ".join(f"{layout.name}: {', '.join(_names(layout))}" for layout in layouts)
    return f"its columns are of no known kind. Needed are, for {kinds}."


def _names(layout: ExportLayout) -> list[str]:
    return [layout.columns[meaning][0] for meaning in layout.needed]


def _currency_of(header: Sequence[str], layout: ExportLayout) -> str | None:
    """A bill without a column for it has its currency's sign in the heading of its amounts."""
    names = set(layout.columns.get("cost_usd", ()))
    heading = next((name for name in header if "(" in name and ")" in name and plain_name(name) in names), None)
    sign = heading.partition("(")[2].partition(")")[0].strip() if heading else None
    return None if sign in (None, "", "$") else sign


def _check(path: Path, reader: RowReader, options: ReadingOptions) -> None:
    said = [name for name in options.columns if name not in {column.strip() for column in reader.header}]
    if said:
        raise UnusableUsageFile(path, f"there is no column {said[0]}; there are {', '.join(reader.header)}.")
    if twice := meaning_given_twice(options.columns):
        raise UnusableUsageFile(path, f"{twice[0]} and {twice[1]} cannot both be {options.columns[twice[0]]}.")
    if "date" not in reader.names and options.as_of is None:
        raise UnusableUsageFile(
            path,
            "it has no column for the date: say which one is with --column NAME=date, "
            "or the day of all its rows with --as-of DAY.",
        )
