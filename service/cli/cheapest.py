"""`weighbridge cheapest`: the models that a call with a text could be sent to, by its exact cost."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from corpus_cost.cheapest import CheapestQuery, Ranking, cheapest
from corpus_cost.model_constraints import INPUT_MODALITIES, ModelConstraints
from pricing_data import PriceBook
from pricing_data.errors import BadUsage
from pricing_data.responses.stated_terms import region_stated, service_of
from pricing_data.usage import Terms
from service.cli.catalogue import known_author, load_registry
from service.cli.models_list import TokenNumber, weights_option
from service.cli.price_book import Day, load_book
from service.cli.table import CellValue, Column, TableCell, money, print_table, rounded_tokens, say
from service.cli.text_files import STDIN, Encoding, TextFiles
from service.http import json
from service.runtime.clock import utc_now
from service.tokens.cheapest_answers import left_out_counts, ranking_answer
from tokenizer_registry import Registry, UncountableText

DEFAULT_RESULTS = 20
COLUMNS = (
    Column("model", "long name"),
    Column("tokens", "number"),
    Column("USD", "number"),
    Column("context left", "number"),
    Column("author"),
    Column("method"),
)


@click.command("cheapest")
@click.argument("file", default=STDIN, type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))
@click.option("--output", type=TokenNumber(), default=0, help="Expected output tokens: 500, 2k (default: 0).")
@click.option("--min-context", type=TokenNumber(), help="Least context window, such as 128k or 1M.")
@click.option("--author", "authors", multiple=True, help="Consider only this author's models; may be repeated.")
@weights_option
@click.option("--modality", type=click.Choice(INPUT_MODALITIES), help="Consider models that also take this as input.")
@click.option("--estimate", is_flag=True, help="Also consider models of which a count can only be estimated (~).")
@click.option("--as-of", type=Day(), help="Use the prices of this day (default: today).")
@click.option("--service-tier", help="Service tier: standard, batch, flex or priority.")
@click.option("--region", help="Data residency region of the call, such as us.")
@click.option("--max-results", "-n", type=click.IntRange(1), default=DEFAULT_RESULTS, show_default=True, help="Rows.")
@click.option("--left-out", is_flag=True, help="List every model that is left out, with the reason.")
@click.option("--encoding", type=Encoding(), help="Encoding of a file without a byte order mark (default: UTF-8).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def cheapest_(file: Path, left_out: bool, as_json: bool, **options: Any) -> None:
    """Rank models by the cost of a call with the text of FILE.

    Each model counts the text with its own vocabulary. Without FILE, or for -, standard input is read.
    """
    registry = load_registry()
    book = load_book(registry)
    query, max_results = _query(registry, options), options["max_results"]
    try:
        ranking = cheapest(registry, book, _text(file, options["encoding"]), query)
    except UncountableText as fault:
        raise click.ClickException(f"{fault}.") from None
    if as_json:
        answer = ranking_answer(registry, book, query, ranking, max_results=max_results, list_left_out=left_out)
        click.echo(json.encode(answer))
    elif left_out:
        print_table(LEFT_OUT_COLUMNS, [list(each) for each in ranking.left_out])
    else:
        _print(registry, book, query, ranking, max_results)


LEFT_OUT_COLUMNS = (Column("model", "long name"), Column("reason", "name"), Column("because"))


def _query(registry: Registry, options: dict[str, Any]) -> CheapestQuery:
    today = utc_now().date()
    day: date = options["as_of"] or today
    if day > today:
        raise click.BadParameter(f"{day} is not over yet.", param_hint="--as-of")
    authors = frozenset(known_author(registry, name) for name in options["authors"])
    try:
        terms = Terms(day, service_of(options["service_tier"]), region_stated(options["region"]))
    except BadUsage as fault:
        raise click.ClickException(f"--{fault.property.replace('_', '-')}: {fault.reason}.") from None
    constraints = ModelConstraints(
        options["min_context"], authors or None, options["open_weights"], options["modality"]
    )
    return CheapestQuery(terms, options["output"], constraints, options["estimate"])


def _text(file: Path, encoding: str | None) -> str:
    """Return the text of a file. One that cannot be read ends the command."""
    inputs = TextFiles((file,), encoding)
    texts = [text for _, text in inputs.texts()]
    if not texts:
        raise click.ClickException(" ".join(inputs.faults))
    return texts[0]


def _print(registry: Registry, book: PriceBook, query: CheapestQuery, ranking: Ranking, max_results: int) -> None:
    rows: list[list[CellValue]] = []
    for each in ranking.models[:max_results]:
        mark = "~" if each.counted.method == "estimate" else ""
        tokens, left = each.counted.tokens or 0, each.context_left
        rows.append(
            [
                each.model,
                TableCell(f"{mark}{tokens:,}", f"{mark}{tokens}"),
                money(each.usd, mark),
                None if left is None else rounded_tokens(left),
                registry.models[each.model].author,
                each.counted.method,
            ]
        )
    print_table(COLUMNS, rows)
    shown = min(len(rows), max_results)
    output = f" and {query.output_tokens:,} output tokens" if query.output_tokens else ""
    say(f"{shown:,} of {len(ranking.models):,} models, for the text{output}, by the price book {book.version}.")
    if ranking.left_out:
        counts = ", ".join(f"{count:,} {words}" for words, count in left_out_counts(ranking.left_out))
        say(f"Left out: {counts}. --left-out lists them.")
