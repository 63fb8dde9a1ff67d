"""`weighbridge count`: tokens and cost of files, for people or for programs."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
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
from tokenizer_registry import Registry, UncountableText

# Below this, counting is over before a progress bar could be read.
PROGRESS_CHARACTERS = 1_000_000


class Row(NamedTuple):
    """The count of one file for one model; the file is None in a total. Costs are USD."""

    file: str | None
    model: str
    tokens: int | None
    usd: Decimal | None


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--model", "-m", "names", multiple=True, required=True, help="A model; repeat it, or '*' for all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def count(files: tuple[Path, ...], names: tuple[str, ...], as_json: bool) -> None:
    """Count the tokens of FILES (or standard input, also as -) and their cost as input."""
    registry = Registry.from_package()
    models = known_models(registry, names)
    texts = list(_texts(files or (Path("-"),)))
    with _progress(sum(len(text) for _, text in texts)) as progress:
        rows = list(_rows(registry, loaded_book(registry), models, texts, progress))
    if as_json:
        entries: list[wire.Value] = [
            {"file": row.file, "model": row.model, "token_count": row.tokens, "token_cost": row.usd} for row in rows
        ]
        click.echo(wire.encode(entries))
    else:
        totals = [_total(model, rows) for model in models] if len(texts) > 1 else []
        Console().print(_table([*rows, *totals]))


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
) -> Iterator[Row]:
    day = datetime.now(UTC).date()
    task = progress.add_task("counting", total=len(texts) * len(models))
    for file, text in texts:
        # One vocabulary after the other, so that the bar moves within a large file.
        known: dict[str | None, int | None] = {}
        for model in models:
            vocabulary = registry.models[model].vocabulary
            if vocabulary not in known:
                known[vocabulary] = _tokens(registry, file, text, model)
            tokens, price = known[vocabulary], book.price(model, day)
            unit_price = price.input if price else None
            usd = None if tokens is None or unit_price is None else cost(tokens, unit_price)
            yield Row(file, model, tokens, usd)
            progress.advance(task)


def _tokens(registry: Registry, file: str, text: str, model: str) -> int | None:
    try:
        return registry.count(text, [model])[0].tokens
    except UncountableText as fault:
        raise click.ClickException(f"{file}: {fault}") from None


def _total(model: str, rows: Sequence[Row]) -> Row:
    mine = [row for row in rows if row.model == model]
    tokens = [row.tokens for row in mine if row.tokens is not None]
    costs = [row.usd for row in mine if row.usd is not None]
    return Row(
        None,
        model,
        sum(tokens) if len(tokens) == len(mine) else None,
        sum(costs, Decimal()) if len(costs) == len(mine) else None,
    )


def _table(rows: Sequence[Row]) -> Table:
    table = Table("file", "model")
    table.add_column("tokens", justify="right")
    table.add_column("cost, USD", justify="right")
    for row in rows:
        tokens = "no public vocabulary" if row.tokens is None else f"{row.tokens:,}"
        usd = "-" if row.usd is None else plain(row.usd)
        table.add_row(row.file or "total", row.model, tokens, usd)
    return table


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
