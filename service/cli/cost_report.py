"""Print the outcome of `weighbridge cost`: the lines of one usage, or a row for each of several."""

from collections.abc import Sequence

from pricing_data import plain
from pricing_data.cost import add
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import PricedUsage
from service.cli.table import MTOK, CellValue, Column, money, print_table, say
from service.tokens.cost_answers import moment_text

LINE_COLUMNS = (
    Column("charged for", "name"),
    Column("count", "number"),
    Column("USD a million", "number"),
    Column("USD each", "number"),
    Column("cost, USD", "number"),
    Column("rate"),
    Column("row"),
    Column("source"),
    Column("state"),
)
USAGE_COLUMNS = (
    Column("number", "number"),
    Column("model", "name"),
    Column("input tokens", "number"),
    Column("output tokens", "number"),
    Column("cost, USD", "number"),
    Column("not priced because"),
)
COUNTED = "counted"


def show_one(found: PricedUsage) -> None:
    """Print a line for each rate, the total, and the terms of the price."""
    rows: list[list[CellValue]] = []
    for line in found.lines:
        each = line.kind == COUNTED
        of_many, of_one = (None, line.rate) if each else (line.rate * MTOK, None)
        source = f"{line.source.package} {line.source.version}"
        counted = [line.unit.replace("_", " "), line.count, of_many, of_one, money(line.amount)]
        rows.append([*counted, line.path, line.row, source, line.state])
    if rows:
        print_table(LINE_COLUMNS, rows)
    if found.total is None:
        say(f"{found.model or 'It'} has no cost: {reasons(found)}.")
    else:
        say(f"{found.model} costs {plain(found.total)} USD{_terms(found)}.")
    if found.read is not None and found.read.ignored:
        say(f"Without effect on the cost: {', '.join(found.read.ignored)}.")


def show_many(results: Sequence[PricedUsage | BadUsage], version: str) -> None:
    """Print a row for each usage, and the total of those that have a cost."""
    print_table(USAGE_COLUMNS, [_row(number, result) for number, result in enumerate(results, start=1)])
    totals = [found.total for found in results if isinstance(found, PricedUsage)]
    priced = [total for total in totals if total is not None]
    say(f"{len(priced):,} of {len(results):,} usages cost {plain(add(*priced))} USD, by the price book {version}.")


def reasons(found: PricedUsage) -> str:
    """Return what was not priced, and why."""
    return "; ".join(f"{name}: {reason}" for name, reason in found.unpriced)


def _row(number: int, result: PricedUsage | BadUsage) -> list[CellValue]:
    if isinstance(result, BadUsage):
        return [number, "", None, None, None, str(result)]
    usage = result.read.usage if result.read else None
    counts: list[CellValue] = [usage.input_tokens, usage.output_tokens] if usage else [None, None]
    total = result.total
    return [number, result.model or "", *counts, None if total is None else money(total), reasons(result)]


def _terms(found: PricedUsage) -> str:
    """Return the instant at which a usage was priced, the source of that instant, its tier and its region."""
    if found.terms is None:
        return ""
    at = {"item": "as of", "response": "as of its own time,", "now": "as of now,"}[found.at_from or "now"]
    tier = "" if found.terms.service == "standard" else f", service tier {found.terms.service}"
    region = f", region {found.terms.region}" if found.terms.region else ""
    return f" {at} {moment_text(found.terms.at)}{tier}{region}"
