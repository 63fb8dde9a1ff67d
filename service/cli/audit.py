"""`weighbridge audit`: what a provider charged, against the price book."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path

import click

from corpus_cost.audit.causes import Cause, sum_up
from corpus_cost.audit.comparison import Audit, AuditKey, AuditLine, audit
from pricing_data import plain
from pricing_data.cost import add, subtract
from pricing_data.usage_files.columns import ReadingOptions
from pricing_data.usage_files.file import COSTS, USAGE, UsageFile, open_usage
from pricing_data.usage_files.layout import ExportLayout
from pricing_data.usage_files.named_rows import RowNames
from pricing_data.usage_files.reader import RowReader
from pricing_data.usage_files.row import UsageRow
from service.cli.price_book import load_names, report_faults
from service.cli.table import CellValue, Column, print_table, say
from service.cli.usage_options import options_of, reading_options, sentences_of
from service.http import json

DIFFERS = 2
EPILOG = (
    "Exit status: 0, no line differs by more than the tolerance; 2, some do, or cannot be compared; "
    "1, the audit failed."
)


class Amount(click.ParamType[Decimal]):
    """An option that is an amount of USD."""

    name = "usd"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the amount, 0 or more."""
        text = str(value)
        if not text.replace(".", "", 1).isdigit() or not text.isascii():
            raise click.BadParameter(f"{value!r} is not an amount such as 0.01.")
        return Decimal(text)


@click.command("audit", epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--costs", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Export of the charges, if usage and charges are separate exports; may be repeated.",
)  # fmt: skip
@click.option("--tolerance", type=Amount(), default="0.01", show_default=True, help="Accepted difference in USD.")
@reading_options
@click.option("--all", "every", is_flag=True, help="Also show lines that agree.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def audit_(
    context: click.Context, /, files: tuple[Path, ...], costs: tuple[Path, ...], tolerance: Decimal, every: bool,
    as_json: bool, as_of: date | None, column: tuple[str, ...], separator: str | None, decimal: str | None,
    **former: str | None,
) -> None:  # fmt: skip
    """Compare the charges in usage FILES with the price book.

    There is one line per model and day. Each difference is split into causes: the cache kind, the TTL, the service
    tier, the region, a tool fee, a missing call, rounding, or unknown. The causes sum to the difference exactly.

    Exports of OpenAI, Anthropic, OpenRouter, LiteLLM, AWS (Bedrock) and Google Cloud (Vertex AI) are recognized by
    their columns; other files need the columns date, model, input_tokens, output_tokens and cost_usd.
    """
    names = load_names()
    display_names = {model.name: model.display_name for model in names.registry.models.values()}
    rows = RowNames(names.resolver())
    options = options_of(as_of, column, separator, decimal, **former)
    with report_faults(), ExitStack() as opened:
        usage = _open(opened, files, USAGE, options)
        bills = _open(opened, costs, COSTS, replace(options, columns={}))
        found = audit(names.book, display_names, map(rows.named, _rows(usage)), _rows(bills))
    readers = [file.reader for file in (*usage, *bills)]
    if as_json:
        click.echo(json.encode(_report(found, tolerance, readers)))
    else:
        _show(found, tolerance, readers, every=every)
    if found.dayless or found.differing(tolerance) or any(line.difference is None for line in found.lines.values()):
        context.exit(DIFFERS)


def _open(
    opened: ExitStack, paths: Sequence[Path], layouts: Sequence[ExportLayout], options: ReadingOptions
) -> list[UsageFile]:
    return [opened.enter_context(open_usage(path, layouts, options)) for path in paths]


def _rows(files: Sequence[UsageFile]) -> Iterator[UsageRow]:
    return chain.from_iterable(file.rows() for file in files)


def _show(found: Audit, tolerance: Decimal, readers: Sequence[RowReader], *, every: bool) -> None:
    headings = ("own, USD", "charged, USD", "difference, USD", "input tokens", "output tokens")
    numbers = (Column(heading, "number") for heading in headings)
    columns = (Column("day", "name"), Column("model", "name"), *numbers, Column("causes"))
    rows = [
        _cells(key, line)
        for key, line in found.lines.items()
        if every or line.difference is None or abs(line.difference) > tolerance
    ]
    print_table(columns, rows)
    for sentence in (*_sentences(found, tolerance), *chain.from_iterable(map(sentences_of, readers))):
        say(sentence)


def _cells(key: AuditKey, line: AuditLine) -> tuple[CellValue, ...]:
    own = None if line.faults else line.own
    numbers = own, line.charged, line.difference, line.input_tokens, line.output_tokens
    return key.day.isoformat(), key.model, *numbers, "; ".join(map(_cause_words, line.causes))


def _cause_words(cause: Cause) -> str:
    detail = f" ({cause.detail})" if cause.detail else ""
    return f"{cause.kind}{detail} {plain(cause.usd)}"


def _sentences(found: Audit, tolerance: Decimal) -> Iterator[str]:
    lines = found.lines.values()
    compared = [line for line in lines if line.difference is not None]
    own, charged = add(*(line.own for line in compared)), add(*(line.charged or Decimal() for line in compared))
    yield (
        f"{len(compared):,} of {len(lines):,} lines can be compared: own prices {plain(own)} USD, "
        f"charged {plain(charged)} USD, difference {plain(subtract(charged, own))} USD. "
        f"{len(found.differing(tolerance)):,} differ by more than {plain(tolerance)} USD."
    )
    causes = sum_up([Cause(cause.kind, "", cause.usd) for line in compared for cause in line.causes])
    if causes:
        yield f"The difference by cause, USD: {'; '.join(map(_cause_words, causes))}."
    uncharged = sum(line.charged is None for line in lines)
    if uncharged:
        yield f"{uncharged:,} lines have no charge to compare with. Name the export of the charges with --costs."
    for reason, rows in _faults(found).items():
        yield f"Not priced: {rows:,} rows: {reason}."
    for reason, rows in found.dayless.items():
        yield f"Without a readable date: {rows:,} rows: {reason}."
    for sentence, rows in found.assumed.items():
        yield f"Assumed: {rows:,} rows {sentence}."


def _faults(found: Audit) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for key, line in found.lines.items():
        for reason, rows in line.faults.items():
            named = f"{key.model}: {reason}"
            reasons[named] = reasons.get(named, 0) + rows
    return reasons


def _report(found: Audit, tolerance: Decimal, readers: Sequence[RowReader]) -> json.Value:
    lines: list[json.Value] = [_entry(key, line) for key, line in found.lines.items()]
    assumed: list[json.Value] = [{"assumption": text, "rows": rows} for text, rows in found.assumed.items()]
    dayless: list[json.Value] = [{"reason": reason, "rows": rows} for reason, rows in found.dayless.items()]
    files: list[json.Value] = [_file(reader) for reader in readers]
    return {
        "tolerance_usd": tolerance,
        "differing": len(found.differing(tolerance)),
        "lines": lines,
        "assumed": assumed,
        "without_a_day": dayless,
        "files": files,
    }


def _file(reader: RowReader) -> json.Value:
    skipped: list[json.Value] = [{"what": kind, "rows": rows} for kind, rows in reader.skipped.items()]
    ignored: list[json.Value] = list(reader.ignored)
    return {
        "layout": reader.layout.name,
        "skipped": skipped,
        "ignored_columns": ignored,
        "columns_without_effect": dict(reader.without_effect),
    }


def _entry(key: AuditKey, line: AuditLine) -> json.Value:
    faults: list[json.Value] = [{"reason": reason, "rows": rows} for reason, rows in line.faults.items()]
    causes: list[json.Value] = [
        {"cause": cause.kind, "detail": cause.detail, "usd": cause.usd} for cause in line.causes
    ]
    return {
        "day": key.day.isoformat(),
        "model": key.model,
        "rows": line.usage_rows,
        "input_tokens": line.input_tokens,
        "output_tokens": line.output_tokens,
        "own_usd": None if line.faults else line.own,
        "charged_usd": line.charged,
        "difference_usd": line.difference,
        "causes": causes,
        "unpriced": faults,
    }
