"""`weighbridge models` and `weighbridge authors`: what is known, with today's input price."""

from datetime import UTC, datetime

import click
from rich.table import Table

from pricing_data import plain
from service import wire
from service.commands.catalogue import known_models
from service.commands.price_book import loaded_book, wide_console
from service.commands.registry import load_registry
from service.tokens.request import nearest
from tokenizer_registry import Registry


@click.command()
@click.argument("names", nargs=-1)
@click.option("--author", help="Only this author's models.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def models(names: tuple[str, ...], author: str | None, as_json: bool) -> None:
    """List all models, or those of NAMES."""
    registry = load_registry()
    book = loaded_book(registry)
    day = datetime.now(UTC).date()
    _check_author(registry, author)
    rows: list[dict[str, wire.Value]] = []
    for name in known_models(registry, names or ("*",)):
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
                }
            )
    if as_json:
        click.echo(wire.encode([*rows]))
    else:
        wide_console().print(_table(rows))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def authors(as_json: bool) -> None:
    """List who made the models."""
    names = sorted({model.author for model in load_registry().models.values()})
    click.echo(wire.encode([*names]) if as_json else "\n".join(names))


def _check_author(registry: Registry, author: str | None) -> None:
    known = {model.author for model in registry.models.values()}
    if author is not None and author not in known:
        near = nearest(author, known)
        hint = f"Did you mean {near}?" if near else "`weighbridge authors` lists the known ones."
        raise click.ClickException(f"There is no author {author!r}. {hint}")


def _table(rows: list[dict[str, wire.Value]]) -> Table:
    table = Table("author", "name", "display name", "vocabulary", "evidence")
    table.add_column("USD per million input tokens", justify="right")
    for row in rows:
        price = row["price_per_input_token"]
        shown = "-" if price is None else plain(price * 1_000_000)  # type: ignore[operator, arg-type]
        table.add_row(
            str(row["author"]),
            str(row["name"]),
            str(row["display_name"]),
            str(row["vocabulary"] or "-") if row["without_count"] is None else f"- ({row['without_count']})",
            str(row["evidence"] or "-"),
            shown,
        )
    return table
