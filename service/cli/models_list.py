"""`weighbridge models` without NAMES: the catalogue as a list that can be searched, filtered and sorted."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click

from corpus_cost.model_constraints import INPUT_MODALITIES
from pricing_data import PriceBook
from pricing_data.errors import BadUsage
from pricing_data.plans import whole_number
from pricing_data.usage import MAX_TOKENS
from service.cli.catalogue import known_author
from service.cli.table import MTOK, CellValue, Column, on_terminal, print_table, rounded_tokens, say
from service.http import json
from service.tokens.model_facts import fact_sources, fact_values
from service.tokens.model_filters import CatalogueFilter, search_words
from service.tokens.model_orders import NEWEST_FIRST, ORDERS, CatalogueRow, in_order
from service.tokens.prices import provenance
from tokenizer_registry import Registry
from tokenizer_registry.facts import value_of

# Rows that a terminal shows without --all.
MAX_ROWS = 40
COLUMNS = (
    Column("name", "long name"),
    Column("context", "number"),
    Column("USD/M in", "number"),
    Column("USD/M out", "number"),
    Column("released", "number"),
    *map(Column, ("author", "vocabulary", "display name")),
)
UNFILTERED: Mapping[str, Any] = {
    "search": None,
    "open_weights": None,
    "min_context": None,
    "modality": None,
    "priced": None,
    "sort": None,
    "reverse": False,
    "show_all": False,
}


class TokenNumber(click.ParamType[int]):
    """An option that is a number of tokens, such as 128000, 128k or 1M."""

    name = "tokens"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the whole number. Raise click.BadParameter."""
        try:
            return whole_number("tokens", value, MAX_TOKENS)
        except BadUsage as fault:
            raise click.BadParameter(f"{fault.reason}.") from None


weights_option = click.option(
    "--open-weights/--closed-weights", default=None, help="Only models whose weights are open, or are not."
)


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a list of models to a command."""
    for option in reversed(
        (
            click.option("--search", metavar="WORDS", help="List models with these words in name or author."),
            weights_option,
            click.option("--min-context", type=TokenNumber(), help="Least context window, such as 128k or 1M."),
            click.option(
                "--modality", type=click.Choice(INPUT_MODALITIES), help="List models that take this as input."
            ),
            click.option("--priced/--unpriced", default=None, help="List models with, or without, a price today."),
            click.option("--sort", type=click.Choice(list(ORDERS)), help="Order of the list (default: newest first)."),
            click.option("--reverse", is_flag=True, help="Reverse the order."),
            click.option("--all", "show_all", is_flag=True, help=f"Show more than {MAX_ROWS} models on a terminal."),
        )
    ):
        command = option(command)
    return command


def list_models(
    registry: Registry, book: PriceBook, author: str | None, options: Mapping[str, Any]
) -> list[CatalogueRow]:
    """Return the chosen models in the chosen order. An unknown author ends the command."""
    chosen = CatalogueFilter(
        author=None if author is None else known_author(registry, author),
        open_weights=options["open_weights"],
        min_context=options["min_context"],
        modality=options["modality"],
        is_priced=options["priced"],
        words=search_words(options["search"] or ""),
    )
    day = datetime.now(UTC).date()
    every = (
        CatalogueRow(model, book.price(name, day), registry.facts[name]) for name, model in registry.models.items()
    )
    found = [each for each in every if chosen.accepts(each.model, each.facts, each.is_priced)]
    return in_order(found, options["sort"] or NEWEST_FIRST, reverse=options["reverse"])


def print_list(models: list[CatalogueRow], registry: Registry, *, as_json: bool, show_all: bool) -> None:
    """Print the list: as JSON with everything that is known, as TSV, or the first rows on a terminal."""
    if as_json:
        click.echo(json.encode([_entry(each, registry) for each in models]))
        return
    shown = models if show_all or not on_terminal() else models[:MAX_ROWS]
    print_table(COLUMNS, [_row(each, registry) for each in shown])
    if len(shown) < len(models):
        say(f"{len(shown)} of {len(models):,} models; --all shows every one, --search finds one.")


def _row(listed: CatalogueRow, registry: Registry) -> list[CellValue]:
    model, price, facts = listed
    released, window = value_of(facts.released), value_of(facts.context_window)
    why = registry.why_uncounted(model.name)
    return [
        model.name,
        None if window is None else rounded_tokens(window),
        _per_mtok(price.input if price else None),
        _per_mtok(price.output if price else None),
        None if released is None else released.isoformat(),
        model.author,
        model.vocabulary if why is None else f"- ({why})",
        model.display_name,
    ]


def _per_mtok(rate: Decimal | None) -> Decimal | None:
    return None if rate is None else rate * MTOK


def _entry(listed: CatalogueRow, registry: Registry) -> json.Value:
    model, price, facts = listed
    return {
        "author": model.author,
        "name": model.name,
        "display_name": model.display_name,
        "vocabulary": model.vocabulary,
        "evidence": model.evidence,
        "without_count": registry.why_uncounted(model.name),
        "price_per_input_token": price.input if price else None,
        "price_per_output_token": price.output if price else None,
        "price_per_cached_input_token": price.cached_input if price else None,
        **provenance(price),
        **fact_values(facts),
        "facts": fact_sources(facts),
    }
