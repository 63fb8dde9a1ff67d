"""`weighbridge models` and `weighbridge authors`: the catalogue, with today's input prices."""

from datetime import UTC, datetime
from typing import Any

import click

from service.cli.catalogue import known_author, known_names, load_registry
from service.cli.models_list import UNFILTERED, filter_options, list_models, print_list
from service.cli.price_book import load_book
from service.cli.table import MTOK, Column, print_table
from service.http import json
from service.tokens.name_words import resolution_entry, resolution_lines

COLUMNS = (
    Column("name", "name"),
    Column("USD per million input tokens", "number"),
    *map(Column, ("author", "vocabulary", "display name", "evidence")),
)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--author", help="List only this author's models.")
@filter_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def models(names: tuple[str, ...], author: str | None, as_json: bool, **options: Any) -> None:
    """List all models, or those that NAMES stand for, and how these were resolved.

    A list begins with the newest models.
    """
    registry = load_registry()
    book = load_book(registry)
    if not names:
        listed = list_models(registry, book, author, options)
        print_list(listed, registry, as_json=as_json, show_all=options["show_all"])
        return
    if options != UNFILTERED:
        raise click.UsageError("Options of a list, such as --search or --sort, cannot be used with NAMES.")
    day = datetime.now(UTC).date()
    author = None if author is None else known_author(registry, author)
    rows: list[dict[str, json.Value]] = []
    resolved = list(map(registry.names.resolve, known_names(registry, names)))
    for found in resolved:
        name = found.model
        model, price = registry.models[name], book.price(name, day)
        if author in (None, model.author):
            rows.append(
                {
                    "author": model.author,
                    "name": name,
                    "display_name": model.display_name,
                    "vocabulary": model.vocabulary,
                    "evidence": model.evidence,
                    "without_count": registry.why_uncounted(name),
                    "price_per_input_token": price.input if price else None,
                    "asked": found.name,
                    **resolution_entry(found),
                }
            )
    if as_json:
        click.echo(json.encode([*rows]))
    else:
        _print(rows)
        for found in resolved:
            if found.steps:
                click.echo(f"\n{found.name} stands for {found.model}:")
                click.echo("\n".join(f"  {line}" for line in resolution_lines(found)))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def authors(as_json: bool) -> None:
    """List the authors of models."""
    names = sorted({model.author for model in load_registry().models.values()})
    click.echo(json.encode([*names]) if as_json else "\n".join(names))


def _print(rows: list[dict[str, Any]]) -> None:
    cells = []
    for row in rows:
        price, why = row["price_per_input_token"], row["without_count"]
        vocabulary = row["vocabulary"] if why is None else f"- ({why})"
        names = (row["author"], vocabulary, row["display_name"], row["evidence"])
        cells.append((row["name"], None if price is None else price * MTOK, *names))
    print_table(COLUMNS, cells)
