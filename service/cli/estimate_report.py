"""An estimate as a table for people, or as JSON for programs."""

from decimal import Decimal

import click

from corpus_cost.chat_counting import ChatSums
from corpus_cost.estimate import Estimate, ModelEstimate
from corpus_cost.intervals import Interval
from corpus_cost.report import assumptions
from pricing_data import plain
from service.cli.table import CellValue, Column, TableCell, grouped, money, print_table, say
from service.http import json

MAX_FAULTS_SHOWN = 20
CENT_OF_A_CENT = Decimal("0.0001")


def show(found: Estimate) -> None:
    """Print the table, its assumptions, and what could not be read."""
    headings = ("cost, USD", "input tokens", "output tokens")
    columns = (Column("model", "name"), *(Column(heading, "number") for heading in headings), Column("vocabulary"))
    models = sorted(found.models, key=_by_cost)
    print_table(columns, [(model.way.model, *_cells(model, found), model.way.counter) for model in models])
    for sentence in assumptions(found):
        say(sentence)
    show_faults(found)


def show_faults(found: Estimate) -> None:
    """Print on standard error what the totals do not include."""
    for model in found.models:
        if model.reason:
            click.echo(f"{model.way.model}: {model.reason}", err=True)
        if model.uncounted:
            what = "chats have no count" if found.total.chats else "texts could not be tokenized"
            click.echo(f"{model.way.model}: {model.uncounted:,} {what}.", err=True)
    if not found.faults:
        return
    click.echo(f"Not counted: {_extent(found)}" if _extent(found) else "Without a count for some models:", err=True)
    for fault in found.faults[:MAX_FAULTS_SHOWN]:
        click.echo(f"  {fault}", err=True)
    if (more := len(found.faults) - MAX_FAULTS_SHOWN) > 0:
        click.echo(f"  and {more:,} more; --json has them.", err=True)


def report(found: Estimate) -> None:
    """Print everything as one JSON object. Amounts are plain decimals of USD."""
    faults: list[json.Value] = [
        {"source": fault.source, "place": fault.place, "reason": fault.reason} for fault in found.faults
    ]
    report: dict[str, json.Value] = {
        "models": [_entry(model) for model in found.models],
        "sources": found.sources,
        "texts": found.total.texts,
        "chats": found.total.chats,
        "bytes": found.total.bytes,
        "nulls": found.total.nulls,
        "refused_texts": found.total.faulty,
        "as_of": found.workload.day.isoformat(),
        "parts": found.shards,
        "parts_counted": found.done,
        "complete": found.is_whole,
        "faults": faults,
        "assumptions": [*assumptions(found)],
    }
    if found.sample:
        report["sample"] = {
            "share": found.sample.share,
            "texts": found.sample.texts,
            "points": found.sample.points,
            "bytes": found.sample.measured_bytes,
            "confidence": Decimal("0.95"),
        }
    click.echo(json.encode(report))


def _entry(model: ModelEstimate) -> json.Value:
    entry: dict[str, json.Value] = {
        "model": model.way.model,
        "vocabulary": model.way.counter,
        "method": model.method,
        "input_tokens": model.input_tokens,
        "output_tokens": model.output_tokens,
        "cost_usd": model.usd,
        "uncounted_texts": model.uncounted,
        "reason": model.reason,
    }
    if (band := model.band) is not None:
        entry["error"] = {"low": _rounded(band.low), "high": _rounded(band.high), "basis": str(band.basis)}
    if model.chats != ChatSums() and model.token_interval is None:
        entry["chats"] = {**model.chats._asdict()}
    if model.token_interval:
        entry["input_tokens_interval"] = _bounds(model.token_interval)
    if model.usd_interval:
        entry["cost_interval_usd"] = _bounds(model.usd_interval)
    return entry


def _rounded(edge: Decimal) -> Decimal:
    """Return an edge of a band with at most four decimals."""
    rounded = edge.quantize(CENT_OF_A_CENT)
    return edge if rounded == edge else rounded


def _bounds(interval: Interval) -> json.Value:
    return [interval.low, interval.high]


def _by_cost(model: ModelEstimate) -> tuple[bool, Decimal, str]:
    return model.usd is None, -(model.usd or Decimal()), model.way.model


def _cells(model: ModelEstimate, found: Estimate) -> tuple[CellValue, CellValue, CellValue]:
    """Return cost, input tokens and output tokens. Values that are not exact begin with ~, for programs too."""
    if model.input_tokens is None:
        return None, "no public vocabulary" if model.way.method == "none" else None, None
    band_of = model.band
    mark = "~" if band_of or found.sample else ""
    if not mark:
        return model.usd, model.input_tokens, model.output_tokens
    band = f" ({band_of.low:+.0%} to {band_of.high:+.0%})" if band_of else ""
    tokens = TableCell(f"{mark}{model.input_tokens:,}{band}", f"{mark}{model.input_tokens}{band}")
    answered = mark if model.output_tokens else ""
    output = TableCell(f"{answered}{model.output_tokens:,}", f"{answered}{model.output_tokens}")
    return _money(model, mark), tokens, output


def _money(model: ModelEstimate, mark: str) -> CellValue:
    if model.usd is None:
        return None
    if model.usd_interval is None:
        return money(model.usd, mark)
    low, high = model.usd_interval.low, model.usd_interval.high
    amounts = [amount.quantize(CENT_OF_A_CENT) for amount in (model.usd, low, high) if amount is not None]
    return TableCell(_interval(mark, [*map(grouped, amounts)]), _interval(mark, [*map(plain, amounts)]))


def _interval(mark: str, amounts: list[str]) -> str:
    """Return an amount, with the bounds of its interval if both are known."""
    bounds = f" ({amounts[1]} to {amounts[2]})" if len(amounts) == len(("amount", "low", "high")) else ""
    return f"{mark}{amounts[0]}{bounds}"


def _extent(found: Estimate) -> str:
    whole = len({fault.source for fault in found.faults if fault.place is None})
    parts = []
    if whole:
        parts.append(f"{whole:,} of {found.sources:,} sources, or the rest of them")
    if found.total.faulty:
        parts.append("1 text" if found.total.faulty == 1 else f"{found.total.faulty:,} texts")
    if found.done < found.shards:
        parts.append(f"{found.shards - found.done:,} parts")
    return ", ".join(parts) + "." if parts else ""
