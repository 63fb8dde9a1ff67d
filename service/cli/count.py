"""`weighbridge count`: tokens and cost of files, for people or for programs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import click

from corpus_cost.model_names import ModelNames
from pricing_data import Terms, cost
from pricing_data.named_prices import find_price
from service.cli.catalogue import load_registry, wanted_models
from service.cli.price_book import load_book
from service.cli.progress import progress
from service.cli.table import CellValue, Column, TableCell, has_room, money, print_table
from service.cli.text_files import STDIN, Encoding, TextFiles
from service.http import json
from service.tokens.count_entries import estimate_entry
from service.tokens.model_facts import context_entry, context_left
from tokenizer_registry import Count, ErrorBand, Registry, UncountableText
from tokenizer_registry.chat.recognition import SHAPES
from tokenizer_registry.facts import NO_FACTS, ModelFacts

NOT_ALL = 2
MAX_NAMED_MODELS = 5
# More models than these are printed as rows.
MAX_MODEL_COLUMNS = 8
AMOUNTS = ("tokens", "USD", "context left")
# Smaller inputs are counted before a progress bar could be read.
MIN_PROGRESS_BYTES = 1_000_000
EPILOG = "Exit status: 0, everything was counted; 2, some files could not be counted; 1, nothing could be done."


class FileCount(NamedTuple):
    """The count of one file for one name of a model; `file` is None in a total. `usd` is the exact cost, if known.

    `resolved` is the model of the catalogue, `reason` why the count or the cost is not known. `facts` are read for
    --context alone.
    """

    file: str | None
    model: str
    counted: Count
    usd: Decimal | None
    resolved: str
    reason: str | None = None
    facts: ModelFacts = NO_FACTS


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--model", "-m", "names", multiple=True,
    help="Model; may be repeated; '*' means all (default: WEIGHBRIDGE_DEFAULT_MODEL).",
)  # fmt: skip
@click.option(
    "--estimate", is_flag=True, help="Estimate models without a public vocabulary; estimates are marked with ~."
)
@click.option("--chat", is_flag=True, help="Each file is a whole request: count its frame, tools and images too.")
@click.option("--shape", type=click.Choice(SHAPES), help="Whose request it is (default: recognized).")
@click.option("--host", help="With --chat: who sells the call (default: the model's own provider).")
@click.option("--context", "with_context", is_flag=True, help="Show what is left of each model's context window.")
@click.option("--encoding", type=Encoding(), help="Encoding of files without a byte order mark (default: UTF-8).")
@click.option("--quiet", "-q", is_flag=True, help="Print only the total number of tokens, one line per model.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def count(
    context: click.Context, /, files: tuple[Path, ...], names: tuple[str, ...], estimate: bool, chat: bool,
    shape: str | None, host: str | None, with_context: bool, encoding: str | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Count the tokens of FILES and their cost as input.

    For a folder, all files in it are counted except hidden files, binary files and files excluded by .gitignore.
    Without FILES, or for -, standard input is counted. With --chat each file is the body of a request, as JSON in the
    shape of OpenAI, Anthropic or Google; its own model is used if none is named.
    """
    if quiet and as_json:
        raise click.UsageError("--quiet and --json cannot be used together.")
    if not chat and (shape or host):
        raise click.UsageError("--shape and --host are for --chat.")
    if chat and with_context:
        raise click.UsageError("--chat and --context cannot be used together.")
    registry = load_registry()
    if chat:
        from service.cli.count_chat import count_files  # the rules of chats take a while to import

        asked = ModelNames(registry, load_book(registry)), names, TextFiles(files or (Path(STDIN),), encoding)
        if not count_files(*asked, host=host, shape=shape, quiet=quiet, as_json=as_json):
            context.exit(NOT_ALL)
        return
    models = wanted_models(registry, names)
    book = load_book(registry)
    inputs = TextFiles(files or (Path(STDIN),), encoding)
    with _progress(inputs, len(models)) as advance:
        rows = list(_rows(ModelNames(registry, book), models, inputs, advance, estimate=estimate))
    if with_context:
        rows = [row._replace(facts=registry.facts[row.resolved]) for row in rows]
    if as_json:
        click.echo(json.encode([_entry(row, estimate, with_context) for row in rows]))
    elif quiet:
        _print_numbers(registry, models, rows)
    else:
        _print_counts(rows, models, with_context)
    _report(registry, rows, inputs, quiet=quiet or as_json)
    if inputs.faults:
        context.exit(NOT_ALL)


def _rows(
    names: ModelNames,
    models: Sequence[str],
    inputs: TextFiles,
    advance: Callable[[], None],
    *,
    estimate: bool,
) -> Iterator[FileCount]:
    """Yield the counts file by file, in the order of the models; a file with a fault has none."""
    registry, day = names.registry, datetime.now(UTC).date()
    counted = list(filter(None, map(names.counted, models)))
    prices = [find_price(names.book, each.named, Terms(day)) for each in counted]
    for file, text in inputs.texts():
        # One model at a time, so that the progress bar advances within a large file. Counts are shared by models
        # with the same vocabulary and estimator.
        known: dict[tuple[str | None, str | None], Count] = {}
        rows = []
        try:
            for (name, model, _), price in zip(counted, prices, strict=True):
                estimator = registry.estimator(model) if estimate else None
                method = registry.models[model].vocabulary, estimator.name if estimator else None
                if method not in known:
                    known[method] = registry.count(text, [model], estimate)[0]
                found = known[method]
                unit_price = price.input_rate(found.tokens or 0).usd
                usd = None if found.tokens is None or unit_price is None else cost(found.tokens, unit_price)
                reason = registry.why_uncounted(model) if found.tokens is None else price.reason
                rows.append(FileCount(file, name, found, usd, model, reason))
                advance()
        except UncountableText as fault:
            inputs.faults.append(f"{file}: {fault}.")
            continue
        except MemoryError:
            inputs.faults.append(f"{file}: not enough memory to count it.")
            continue
        yield from rows


def _print_numbers(registry: Registry, models: Sequence[str], rows: Sequence[FileCount]) -> None:
    """Print the total tokens, one line per model; a model without a count ends the command."""
    for model in models:
        tokens = _total(model, rows).counted.tokens if rows else 0
        if tokens is None:
            reason = registry.why_uncounted(registry.names.resolve(model).model)
            raise click.ClickException(f"{model} has no count: {reason}. Try --estimate.")
        click.echo(tokens)


def _report(registry: Registry, rows: Sequence[FileCount], inputs: TextFiles, *, quiet: bool) -> None:
    """Print on standard error what was not counted and, unless `quiet`, which files were skipped."""
    for name, fault in registry.faults.items():
        click.echo(f"Models with the vocabulary {name} have no count: {fault}", err=True)
    uncounted = list(dict.fromkeys(row.model for row in rows if row.counted.tokens is None))
    if uncounted and not quiet:
        more = len(uncounted) - MAX_NAMED_MODELS
        names = ", ".join(uncounted[:MAX_NAMED_MODELS]) + (f" and {more:,} more" if more > 0 else "")
        click.echo(f"No count without a public vocabulary: {names}. Try --estimate.", err=True)
    unpriced = {
        row.model: row.reason
        for row in rows
        if row.reason and row.model != row.resolved and row.counted.tokens is not None
    }
    for name, reason in unpriced.items() if not quiet else ():
        click.echo(f"No cost of {name}: {reason}.", err=True)
    for sentence in [*([] if quiet else inputs.notes), *inputs.faults]:
        click.echo(sentence, err=True)


def _entry(row: FileCount, estimate: bool, with_context: bool) -> json.Value:
    entry: dict[str, json.Value] = {
        "file": row.file,
        "model": row.model,
        "token_count": row.counted.tokens,
        "token_cost": row.usd,
    }
    # Only what a name or a missing number needs explained, so that other entries are those of the API.
    if row.resolved != row.model:
        entry["resolved_model"] = row.resolved
    if row.reason is not None:
        entry["reason"] = row.reason
    if with_context:
        entry |= context_entry(row.facts, row.counted.tokens)
    return entry | {"method": row.counted.method, **estimate_entry(row.counted)} if estimate else entry


@contextmanager
def _progress(inputs: TextFiles, models: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar if the input is large."""
    if inputs.bytes < MIN_PROGRESS_BYTES:
        yield lambda: None
        return
    with progress("counting", len(inputs.files) * models) as advance:
        yield advance


def _print_counts(rows: Sequence[FileCount], models: Sequence[str], with_context: bool) -> None:
    """Print the counts, which are ordered by file and then by model, with totals if there are several files."""
    files = len(rows) // len(models)
    every = [*rows, *(_total(model, rows) for model in models)] if files > 1 else rows
    headings = AMOUNTS if with_context else AMOUNTS[:2]
    amounts = [_amounts(row)[: len(headings)] for row in every]
    if len(models) <= MAX_MODEL_COLUMNS:
        named = [f"{model} {heading}" for model in models for heading in headings]
        columns = [Column("file", "name"), *(Column(heading, "number") for heading in named)]
        starts = range(0, len(every), len(models))
        cells = [[_file(every[start]), *chain(*amounts[start : start + len(models)])] for start in starts]
        if len(models) == 1 or has_room(columns, cells):
            print_table(columns, cells)
            return
    columns = [Column("file", "name"), Column("model", "name"), *(Column(heading, "number") for heading in headings)]
    print_table(columns, [(_file(row), row.model, *shown) for row, shown in zip(every, amounts, strict=True)])


def _total(model: str, rows: Sequence[FileCount]) -> FileCount:
    """Return the total of a model over all files; its error band is the widest on either side."""
    mine = [row for row in rows if row.model == model]
    tokens = [row.counted.tokens for row in mine if row.counted.tokens is not None]
    costs = [row.usd for row in mine if row.usd is not None]
    bands = [row.counted.error for row in mine if row.counted.error is not None]
    widest = reduce(_wider, bands) if bands else None
    return FileCount(
        None,
        model,
        mine[0].counted._replace(tokens=sum(tokens) if len(tokens) == len(mine) else None, error=widest),
        sum(costs, Decimal()) if len(costs) == len(mine) else None,
        mine[0].resolved,
        mine[0].reason,
        mine[0].facts,
    )


def _wider(one: ErrorBand, other: ErrorBand) -> ErrorBand:
    return one._replace(low=min(one.low, other.low), high=max(one.high, other.high))


def _file(row: FileCount) -> str:
    return row.file or "total"


def _amounts(row: FileCount) -> list[CellValue]:
    """Return the cells of AMOUNTS."""
    mark = "~" if row.counted.method == "estimate" else ""
    cost_cell = None if row.usd is None else money(row.usd, mark)
    return [_tokens(row.counted), cost_cell, context_left(row.facts, row.counted.tokens)]


def _tokens(count: Count) -> CellValue:
    if count.tokens is None or count.error is None:
        return count.tokens
    band = f"({count.error.low:+.0%} to {count.error.high:+.0%})"
    return TableCell(f"~{count.tokens:,} {band}", f"~{count.tokens} {band}")
