"""`weighbridge audit`: a provider's usage export against own prices."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from pathlib import Path

import click

from estimation.audit.comparison import Audit, Key, Line, audit
from estimation.audit.usage_rows import cost_rows, usage_rows
from pricing_data import plain
from pricing_data.cost import add
from service import wire
from service.commands.estimate import faults_told
from service.commands.price_book import loaded_book
from service.commands.registry import load_registry
from service.commands.table import Column, Value, print_table, say

DIFFERS = 2
EPILOG = "Exit status: 0, no line differs by more than the tolerance; 2, some do, or cannot be compared; 1, no audit."


class Amount(click.ParamType[Decimal]):
    """An amount in USD."""

    name = "usd"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The amount, 0 or more."""
        text = str(value)
        if not text.replace(".", "", 1).isdigit() or not text.isascii():
            raise click.BadParameter(f"{value!r} is not an amount such as 0.01.")
        return Decimal(text)


@click.command("audit", epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--costs", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What was charged, where usage and costs are two exports; repeat it.",
)  # fmt: skip
@click.option("--tolerance", type=Amount(), default="0.01", show_default=True, help="USD by which a line may differ.")
@click.option("--all", "every", is_flag=True, help="Show lines that agree, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def audit_(
    context: click.Context, /, files: tuple[Path, ...], costs: tuple[Path, ...], tolerance: Decimal, every: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare usage FILES with own prices, by model and day.

    Exports of OpenAI and Anthropic are known by their columns; others need date, model, input_tokens, output_tokens
    and cost_usd.
    """
    registry = load_registry()
    names = {model.name: model.display_name for model in registry.models.values()}
    with faults_told():
        found = audit(
            loaded_book(registry),
            names,
            chain.from_iterable(map(usage_rows, files)),
            chain.from_iterable(map(cost_rows, costs)),
        )
    if as_json:
        click.echo(wire.encode(_report(found, tolerance)))
    else:
        _show(found, tolerance, every=every)
    if found.differing(tolerance) or any(line.difference is None for line in found.lines.values()):
        context.exit(DIFFERS)


def _show(found: Audit, tolerance: Decimal, *, every: bool) -> None:
    headings = ("own, USD", "charged, USD", "difference, USD", "input tokens", "output tokens")
    columns = (Column("day", "name"), Column("model", "name"), *(Column(heading, "number") for heading in headings))
    rows = [
        _cells(key, line)
        for key, line in found.lines.items()
        if every or line.difference is None or abs(line.difference) > tolerance
    ]
    print_table(columns, rows)
    for sentence in _sentences(found, tolerance):
        say(sentence)


def _cells(key: Key, line: Line) -> tuple[Value, ...]:
    own = None if line.faults else line.own
    return key.day.isoformat(), key.model, own, line.charged, line.difference, line.input_tokens, line.output_tokens


def _sentences(found: Audit, tolerance: Decimal) -> Iterator[str]:
    lines = found.lines.values()
    compared = [line for line in lines if line.difference is not None]
    own, charged = add(*(line.own for line in compared)), add(*(line.charged or Decimal() for line in compared))
    yield (
        f"{len(compared):,} of {len(lines):,} lines can be compared: own prices {plain(own)} USD, "
        f"charged {plain(charged)} USD, difference {plain(charged - own)} USD. "
        f"{len(found.differing(tolerance)):,} differ by more than {plain(tolerance)} USD."
    )
    uncharged = sum(line.charged is None for line in lines)
    if uncharged:
        yield f"{uncharged:,} lines have no charge to compare with; --costs names the export that has them."
    for reason, rows in _faults(found).items():
        yield f"Not priced: {rows:,} rows: {reason}."
    if found.untold_tiers:
        yield f"{found.untold_tiers:,} rows are of many calls to models with tiers: at the lowest, if they do not tell."


def _faults(found: Audit) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for key, line in found.lines.items():
        for reason, rows in line.faults.items():
            told = f"{key.model}: {reason}"
            reasons[told] = reasons.get(told, 0) + rows
    return reasons


def _report(found: Audit, tolerance: Decimal) -> wire.Value:
    lines: list[wire.Value] = [_entry(key, line) for key, line in found.lines.items()]
    return {"tolerance_usd": tolerance, "differing": len(found.differing(tolerance)), "lines": lines}


def _entry(key: Key, line: Line) -> wire.Value:
    faults: list[wire.Value] = [{"reason": reason, "rows": rows} for reason, rows in line.faults.items()]
    return {
        "day": key.day.isoformat(),
        "model": key.model,
        "rows": line.usage_rows,
        "input_tokens": line.input_tokens,
        "output_tokens": line.output_tokens,
        "own_usd": None if line.faults else line.own,
        "charged_usd": line.charged,
        "difference_usd": line.difference,
        "unpriced": faults,
    }
