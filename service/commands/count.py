"""`weighbridge count`: tokens and cost of files, for people or for programs."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from rich.table import Table

from pricing_data import PriceBook, cost, plain
from service import wire
from service.commands.catalogue import known_models
from service.commands.price_book import loaded_book
from service.commands.registry import load_registry
from service.tokens.estimates import estimate_entry
from tokenizer_registry import Count, ErrorBand, Registry, UncountableText

# Below this, counting is over before a progress bar could be read.
PROGRESS_CHARACTERS = 1_000_000


class Row(NamedTuple):
    """The count of one file for one model; the file is None in a total. Costs are USD."""

    file: str | None
    model: str
    counted: Count
    usd: Decimal | None


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--model", "-m", "names", multiple=True, required=True, help="A model; repeat it, or '*' for all.")
@click.option("--estimate", is_flag=True, help="Estimate models without a public vocabulary, marked with ~.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def count(files: tuple[Path, ...], names: tuple[str, ...], estimate: bool, as_json: bool) -> None:
    """Count the tokens of FILES (or standard input, also as -) and their cost as input."""
    registry = load_registry()
    models = known_models(registry, names)
    texts = list(_texts(files or (Path("-"),)))
    with _progress(sum(len(text) for _, text in texts)) as progress:
        rows = list(_rows(registry, loaded_book(registry), models, texts, progress, estimate=estimate))
    if as_json:
        click.echo(wire.encode([_entry(row, estimate) for row in rows]))
    else:
        totals = [_total(model, rows) for model in models] if len(texts) > 1 else []
        Console().print(_table([*rows, *totals]))
    for name, fault in registry.faults.items():
        click.echo(f"Models with the vocabulary {name} have no count: {fault}", err=True)


def _texts(files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    for path in files:
        shown = "-" if str(path) == "-" else click.format_filename(path)
        try:
            content = sys.stdin.buffer.read() if shown == "-" else path.read_bytes()
            yield shown, content.decode("utf-8")
        except OSError as error:
            raise click.ClickException(f"Cannot read {shown}: {error.strerror}.") from None
        except UnicodeDecodeError as error:
            raise click.ClickException(
                f"{shown} is not UTF-8 text: byte {error.start} cannot be read. Convert it first, as with iconv."
            ) from None


def _rows(
    registry: Registry,
    book: PriceBook,
    models: Sequence[str],
    texts: Sequence[tuple[str, str]],
    progress: Progress,
    *,
    estimate: bool,
) -> Iterator[Row]:
    day = datetime.now(UTC).date()
    task = progress.add_task("counting", total=len(texts) * len(models))
    for file, text in texts:
        # One vocabulary after the other, so that the bar moves within a large file.
        known: dict[tuple[str | None, str | None], Count] = {}
        for model in models:
            estimator = registry.estimator(model) if estimate else None
            way = registry.models[model].vocabulary, estimator.name if estimator else None
            if way not in known:
                known[way] = _count(registry, file, text, model, estimate)
            found, price = known[way], book.price(model, day)
            unit_price = price.input if price else None
            usd = None if found.tokens is None or unit_price is None else cost(found.tokens, unit_price)
            yield Row(file, model, found, usd)
            progress.advance(task)


def _count(registry: Registry, file: str, text: str, model: str, estimate: bool) -> Count:
    try:
        return registry.count(text, [model], estimate)[0]
    except UncountableText as fault:
        raise click.ClickException(f"{file}: {fault}") from None
    except MemoryError:
        raise click.ClickException(f"{file}: there is not enough memory to count it.") from None


def _total(model: str, rows: Sequence[Row]) -> Row:
    """All files of a model together; the band is the widest of theirs on either side."""
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


def _entry(row: Row, estimate: bool) -> wire.Value:
    entry: dict[str, wire.Value] = {
        "file": row.file,
        "model": row.model,
        "token_count": row.counted.tokens,
        "token_cost": row.usd,
    }
    return entry | {"method": row.counted.method, **estimate_entry(row.counted)} if estimate else entry


def _table(rows: Sequence[Row]) -> Table:
    table = Table("file", "model")
    table.add_column("tokens", justify="right")
    table.add_column("cost, USD", justify="right")
    for row in rows:
        mark = "~" if row.counted.method == "estimate" else ""
        usd = "-" if row.usd is None else mark + plain(row.usd)
        table.add_row(row.file or "total", row.model, _shown(row.counted), usd)
    return table


def _shown(count: Count) -> str:
    if count.tokens is None:
        return "no public vocabulary"
    if count.error is None:
        return f"{count.tokens:,}"
    return f"~{count.tokens:,} ({count.error.low:+.0%} to {count.error.high:+.0%})"


def _progress(characters: int) -> Progress:
    """A bar over files and models, with a sign of life and the time while one large file is counted."""
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        *Progress.get_default_columns(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=characters < PROGRESS_CHARACTERS or not console.is_terminal,
    )
