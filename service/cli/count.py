"""`weighbridge count`: tokens and cost of files, for people or for programs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from pricing_data import PriceBook, cost
from pricing_data.rate_card import input_rate
from service.cli.catalogue import wanted_models
from service.cli.count_table import Row, print_counts, total
from service.cli.encoding import Encoding
from service.cli.price_book import loaded_book
from service.cli.progress import progress
from service.cli.registry import load_registry
from service.cli.text_files import STDIN, TextFiles
from service.http import json
from service.tokens.count import estimate_entry
from tokenizer_registry import Count, Registry, UncountableText

NOT_ALL = 2
NAMED_MODELS = 5
# Below this, counting is over before a progress bar could be read.
PROGRESS_BYTES = 1_000_000
EPILOG = "Exit status: 0, everything was counted; 2, a file could not be, and is named; 1, nothing could be done."


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--model", "-m", "names", multiple=True,
    help="A model; repeat it, or '*' for all. Without it, WEIGHBRIDGE_DEFAULT_MODEL.",
)  # fmt: skip
@click.option("--estimate", is_flag=True, help="Estimate models without a public vocabulary, marked with ~.")
@click.option("--encoding", type=Encoding(), help="Encoding of files without a byte order mark; without it, UTF-8.")
@click.option("--quiet", "-q", is_flag=True, help="Print the number of tokens of all files only, a line a model.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def count(
    context: click.Context, /, files: tuple[Path, ...], names: tuple[str, ...], estimate: bool,
    encoding: str | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Count the tokens of FILES and their cost as input.

    Of a folder all files are counted, except hidden ones, binary ones and those that .gitignore excludes. Without
    FILES, or for -, standard input is counted.
    """
    if quiet and as_json:
        raise click.UsageError("--quiet and --json exclude each other.")
    registry = load_registry()
    models = wanted_models(registry, names)
    inputs = TextFiles(files or (Path(STDIN),), encoding)
    with _progress(inputs, len(models)) as advance:
        rows = list(_rows(registry, loaded_book(registry), models, inputs, advance, estimate=estimate))
    if as_json:
        click.echo(json.encode([_entry(row, estimate) for row in rows]))
    elif quiet:
        _print_numbers(registry, models, rows)
    else:
        print_counts(rows, models)
    _report(registry, rows, inputs, quiet=quiet or as_json)
    if inputs.faults:
        context.exit(NOT_ALL)


def _rows(
    registry: Registry,
    book: PriceBook,
    models: Sequence[str],
    inputs: TextFiles,
    advance: Callable[[], None],
    *,
    estimate: bool,
) -> Iterator[Row]:
    day = datetime.now(UTC).date()
    for file, text in inputs.texts():
        # One vocabulary after the other, so that the bar moves within a large file.
        known: dict[tuple[str | None, str | None], Count] = {}
        rows = []
        try:
            for model in models:
                estimator = registry.estimator(model) if estimate else None
                way = registry.models[model].vocabulary, estimator.name if estimator else None
                if way not in known:
                    known[way] = registry.count(text, [model], estimate)[0]
                found, price = known[way], book.price(model, day)
                unit_price = input_rate(price, found.tokens or 0)
                usd = None if found.tokens is None or unit_price is None else cost(found.tokens, unit_price)
                rows.append(Row(file, model, found, usd))
                advance()
        except UncountableText as fault:
            inputs.faults.append(f"{file}: {fault}.")
            continue
        except MemoryError:
            inputs.faults.append(f"{file}: there is not enough memory to count it.")
            continue
        yield from rows


def _print_numbers(registry: Registry, models: Sequence[str], rows: Sequence[Row]) -> None:
    """Print the tokens of all files, a line for each model; a model without a count ends the command."""
    for model in models:
        tokens = total(model, rows).counted.tokens if rows else 0
        if tokens is None:
            reason = registry.why_uncounted(model)
            raise click.ClickException(f"{model} has no count: {reason}. --estimate may estimate it.")
        click.echo(tokens)


def _report(registry: Registry, rows: Sequence[Row], inputs: TextFiles, *, quiet: bool) -> None:
    """Say on standard error what was not counted, and unless `quiet` what was left out."""
    for name, fault in registry.faults.items():
        click.echo(f"Models with the vocabulary {name} have no count: {fault}", err=True)
    uncounted = list(dict.fromkeys(row.model for row in rows if row.counted.tokens is None))
    if uncounted and not quiet:
        more = len(uncounted) - NAMED_MODELS
        names = ", ".join(uncounted[:NAMED_MODELS]) + (f" and {more:,} more" if more > 0 else "")
        click.echo(f"No count without a public vocabulary: {names}. --estimate may estimate them.", err=True)
    for sentence in [*([] if quiet else inputs.notes), *inputs.faults]:
        click.echo(sentence, err=True)


def _entry(row: Row, estimate: bool) -> json.Value:
    entry: dict[str, json.Value] = {
        "file": row.file,
        "model": row.model,
        "token_count": row.counted.tokens,
        "token_cost": row.usd,
    }
    return entry | {"method": row.counted.method, **estimate_entry(row.counted)} if estimate else entry


@contextmanager
def _progress(inputs: TextFiles, models: int) -> Iterator[Callable[[], None]]:
    """Show how far counting is where that takes long enough to be read."""
    if inputs.bytes < PROGRESS_BYTES:
        yield lambda: None
        return
    with progress("counting", len(inputs.files) * models) as advance:
        yield advance
