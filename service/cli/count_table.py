"""The counts of `weighbridge count` as a table: a row for each file, and columns for each model."""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from service.cli.table import Cell, Column, Value, has_room, money, print_table
from tokenizer_registry import Count, ErrorBand

# More models than these are rows.
MAX_MODEL_COLUMNS = 8


class Row(NamedTuple):
    """The count of one file for one model; the file is None in a total. Costs are USD."""

    file: str | None
    model: str
    counted: Count
    usd: Decimal | None


def print_counts(rows: Sequence[Row], models: Sequence[str]) -> None:
    """Print the rows, which stand file by file in the order of the models, and their totals if there are many files."""
    files = len(rows) // len(models)
    every = [*rows, *(total(model, rows) for model in models)] if files > 1 else rows
    if len(models) <= MAX_MODEL_COLUMNS:
        columns = [Column("file", "name"), *(column for model in models for column in _columns_of(model))]
        cells = [_cells(every[start : start + len(models)]) for start in range(0, len(every), len(models))]
        if len(models) == 1 or has_room(columns, cells):
            print_table(columns, cells)
            return
    columns = [Column("file", "name"), Column("model", "name"), Column("tokens", "number"), Column("USD", "number")]
    print_table(columns, [(_file(row), row.model, *_amounts(row)) for row in every])


def total(model: str, rows: Sequence[Row]) -> Row:
    """Return all files of a model together; the band is the widest of theirs on either side."""
    mine = [row for row in rows if row.model == model]
    tokens = [row.counted.tokens for row in mine if row.counted.tokens is not None]
    costs = [row.usd for row in mine if row.usd is not None]
    bands = [row.counted.error for row in mine if row.counted.error is not None]
    widest = reduce(_wider, bands) if bands else None
    return Row(
        None,
        model,
        mine[0].counted._replace(tokens=sum(tokens) if len(tokens) == len(mine) else None, error=widest),
        sum(costs, Decimal()) if len(costs) == len(mine) else None,
    )


def _wider(one: ErrorBand, other: ErrorBand) -> ErrorBand:
    return one._replace(low=min(one.low, other.low), high=max(one.high, other.high))


def _columns_of(model: str) -> tuple[Column, Column]:
    return Column(f"{model} tokens", "number"), Column(f"{model} USD", "number")


def _cells(rows: Sequence[Row]) -> list[Value]:
    return [_file(rows[0]), *(value for row in rows for value in _amounts(row))]


def _file(row: Row) -> str:
    return row.file or "total"


def _amounts(row: Row) -> tuple[Value, Value]:
    mark = "~" if row.counted.method == "estimate" else ""
    return _tokens(row.counted), None if row.usd is None else money(row.usd, mark)


def _tokens(count: Count) -> Value:
    if count.tokens is None or count.error is None:
        return count.tokens
    band = f"({count.error.low:+.0%} to {count.error.high:+.0%})"
    return Cell(f"~{count.tokens:,} {band}", f"~{count.tokens} {band}")
