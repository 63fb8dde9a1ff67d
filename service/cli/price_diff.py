"""`weighbridge prices diff`: prices that differ between two dates, or between two price books."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import click

from pricing_data import Price, PriceBook, plain
from pricing_data.rate_paths import rates_by_path
from service.cli.price_book import load_book, report_faults
from service.cli.table import CellValue, Column, per_mtok, print_table, say
from service.http import json
from service.runtime.clock import utc_now
from tokenizer_registry import Registry

PriceOf = Callable[[str], Price | None]


@click.command()
@click.argument("one")
@click.argument("other")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def diff(one: str, other: str, as_json: bool) -> None:
    """List the models whose price differs between two dates or books.

    ONE and OTHER are dates such as 2026-01-31 or today, or files of price books.
    Price books are compared by today's prices.
    """
    registry = Registry.from_package()
    before, after = _side(one, registry), _side(other, registry)
    rows: list[dict[str, json.Value]] = []
    for name in registry.models:
        old, new = before(name), after(name)
        if (old and old.tariff) != (new and new.tariff):
            changed: list[json.Value] = [*_changed_rates(old, new)]
            rows.append({"model": name, **_amounts("before", old), **_amounts("after", new), "rates": changed})
    if as_json:
        click.echo(json.encode([*rows]))
        return
    columns = (Column("model", "name"), *(Column(f"{side}, USD per Mtok", "number") for side in (one, other)))
    cells: list[tuple[CellValue, ...]] = []
    for row in rows:
        old, new = before(str(row["model"])), after(str(row["model"]))
        since, source = (str(new.effective_from), new.source.package) if new else (None, None)
        others = "; ".join(_other_rates(old, new))
        cells.append((str(row["model"]), _shown(old), _shown(new), since, source, others))
    print_table((*columns, Column("since"), Column("source"), Column("other rates")), cells)
    say(f"{len(rows)} of {len(registry.models)} models differ.")


def _side(text: str, registry: Registry) -> PriceOf:
    """Return a function from a model's name to its price on the date, or in the price book, that the text names."""
    today = utc_now().date()
    path = Path(text)
    if path.is_file():
        with report_faults():
            book = PriceBook.from_file(path)
        return lambda name: book.price(name, today)
    try:
        day = today if text == "today" else date.fromisoformat(text)
    except ValueError:
        raise click.ClickException(
            f"{text!r} is neither a date such as 2026-01-31 nor the file of a price book."
        ) from None
    used = load_book(registry)
    return lambda name: used.price(name, day)


def _amounts(side: str, price: Price | None) -> dict[str, json.Value]:
    return {
        f"{side}_per_input_token": price.input if price else None,
        f"{side}_per_output_token": price.output if price else None,
    }


def _changed_rates(old: Price | None, new: Price | None) -> Iterator[dict[str, json.Value]]:
    """Yield each rate that differs, by its path; an unknown rate is null."""
    before, after = (rates_by_path(price.tariff) if price else {} for price in (old, new))
    for path in dict.fromkeys((*before, *after)):
        if before.get(path) != after.get(path):
            yield {"path": path, "before": before.get(path), "after": after.get(path)}
    if old and new and old.tariff.schedule != new.tariff.schedule:
        yield {"path": "schedule", "before": None, "after": None}


def _other_rates(old: Price | None, new: Price | None) -> Iterator[str]:
    """Yield the differing rates other than plain input and output, in words."""
    for change in _changed_rates(old, new):
        path = str(change["path"])
        if path == "schedule":
            yield "hours"
        elif path not in ("input", "output"):
            yield f"{path} {_amount(change['before'])} to {_amount(change['after'])}"


def _amount(value: json.Value) -> str:
    return plain(value) if isinstance(value, Decimal) else "unknown"


def _shown(price: Price | None) -> str | None:
    return f"{per_mtok(price.input)} / {per_mtok(price.output)}" if price else None
