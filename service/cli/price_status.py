"""`weighbridge prices status`: the price book in use, its age, its coverage and the states of its prices."""

from collections import Counter

import click

from pricing_data import PriceBook
from pricing_data.book import PACKAGED
from pricing_data.price import STATES
from pricing_data.rate_paths import stated_rates
from pricing_data.refresh.model_releases import coverage, read_model_releases
from pricing_data.refresh.review_queue import read_review_queue
from service.cli.configuration import configuration
from service.cli.price_book import find_book_path, load_book, report_faults
from service.cli.table import CellValue, Column, print_table, say
from service.http import json
from service.runtime.clock import utc_now
from service.tokens.price_book import notes_path, outside_catalogue
from tokenizer_registry import Registry


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def status(as_json: bool) -> None:
    """Show versions, age and counts; warn if the price book is old."""
    registry = Registry.from_package()
    book, path = load_book(registry), find_book_path()
    today, settings = utc_now().date(), configuration().settings
    with report_faults():
        held = sum(note.kind == "held" for note in read_review_queue(notes_path(path)))
    age, old = book.age_days(today), book.age_days(today) > settings.prices_max_age_days
    found: dict[str, json.Value] = {
        "version": book.version,
        "book": "packaged" if path == PACKAGED else str(path),
        "refreshed_at": book.refreshed_at.isoformat(),
        "age_days": age,
        "old": old,
        "sources": {snapshot.package: snapshot.version for snapshot in book.source_versions},
        "models": len(registry.models),
        "authors": len({model.author for model in registry.models.values()}),
        "priced_models": len([name for name in registry.models if book.price(name, today)]),
        **_coverage(book),
        "rows": len(book.contents.lines),
        "rates": _rates(registry, book),
        **_states(registry, book),
        "held": held,
        "own_prices": sum(standing.holds(today) for own in book.overrides.values() for standing in own),
        "own_prices_lapsed": sum(not standing.holds(today) for own in book.overrides.values() for standing in own),
        "own_prices_outside_catalogue": list(outside_catalogue(book, registry.models)),
        "markups": sum(markup.holds(today) for markup in book.markups),
    }
    if as_json:
        click.echo(json.encode(found))
        return
    rows = [(name.replace("_", " "), _shown(value)) for name, value in found.items()]
    print_table((Column("prices", "name"), Column("value")), rows)
    if old:
        limit = settings.prices_max_age_days
        say(f"Warning: the prices are {age} days old, more than {limit}. Run `weighbridge prices refresh`.")


def _rates(registry: Registry, book: PriceBook) -> dict[str, json.Value]:
    """Return the number of rates in force today, by their state."""
    today = utc_now().date()
    current = [price for name in registry.models if (price := book.price(name, today))]
    counts = Counter(rate.statement.state for price in current for rate in stated_rates(price))
    return {state: counts[state] for state in sorted(STATES)}


def _shown(value: json.Value) -> CellValue:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or 0
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value) if isinstance(value, bool) or not isinstance(value, int) else value


def _coverage(book: PriceBook) -> dict[str, json.Value]:
    reach = coverage(book, read_model_releases())
    days: dict[str, json.Value] = {day.isoformat(): count for day, count in reach.priced_on.items()}
    percent = 100 * reach.since_release // reach.released if reach.released else 0
    return {
        "models_with_a_price_on": days,
        "priced_within_a_week_of_release": f"{reach.since_release} of {reach.released} ({percent} %)",
    }


def _states(registry: Registry, book: PriceBook) -> dict[str, json.Value]:
    today = utc_now().date()
    current = [price for name in registry.models if (price := book.price(name, today))]
    counts = Counter(price.state for price in current)
    return {state: counts[state] for state in sorted(STATES)}
