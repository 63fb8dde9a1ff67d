"""`weighbridge prices explain` and `prices at`: the price of one model, with its reasons or as a number."""

import textwrap
from datetime import date

import click

from corpus_cost.model_names import ModelNames
from pricing_data import Terms, plain
from pricing_data.book.overrides import read_prices_file
from pricing_data.named_models import NamedModel
from pricing_data.named_prices import NamedPrice, find_price
from pricing_data.rate_paths import StatedRate, stated_rates
from pricing_data.refresh.model_rules import ModelRule, read_model_rules
from pricing_data.refresh.review_queue import read_review_queue
from service.cli.catalogue import priced_name
from service.cli.configuration import configuration
from service.cli.price_book import Day, find_book_path, load_names, report_faults
from service.cli.price_refresh_plan import OVERRIDES, UPSTREAM
from service.http import json
from service.runtime.clock import utc_now
from service.tokens.name_words import resolution_lines
from service.tokens.price_book import notes_path
from service.tokens.price_explanation import ExplanationSection, PriceFacts, explanation
from service.tokens.price_words import hours_words, is_counted, place_words, unit_words
from service.tokens.prices import instant_words, named_price_history, stated_entry

# Longer sentences are wrapped.
MAX_LINE_CHARACTERS = 110


@click.command()
@click.argument("name")
@click.option("--date", "day", type=Day(), help="Date of the price, UTC (default: today).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def explain(name: str, day: date | None, as_json: bool) -> None:
    """Explain a price: its rows, sources, second opinions and rules."""
    names, today = load_names(), day or utc_now().date()
    registry, book, named = names.registry, names.book, priced_name(names, name)
    model = named.model
    with report_faults():
        notes = read_review_queue(notes_path(find_book_path()))
        upstream = read_model_rules(UPSTREAM).get(model, ModelRule(model, "none", {}))
        own = configuration().settings.price_overrides
        cited = read_prices_file(OVERRIDES)
        cited = cited.joined(read_prices_file(own, free=True)) if own else cited
    sections = explanation(PriceFacts(model, registry.models.get(model), book, upstream, notes, cited, today))
    if name != model:
        price = find_price(book, named, Terms(today))
        # The explanation of the model's price would mislead where the name does not have it.
        shown = sections if named.is_plain or price.price is not None else []
        sections = [_name_section(names, named, price), *shown]
    if as_json:
        parts: list[json.Value] = [{"heading": part.heading, "lines": [*part.lines]} for part in sections]
        click.echo(json.encode({**named_price_history(book, named, today), "explanation": parts}))
        return
    for number, part in enumerate(sections):
        click.echo(("\n" if number else "") + click.style(part.heading, bold=True))
        for line in part.lines:
            # Sentences are wrapped; lines in columns begin with a space and stay whole.
            broken = (
                textwrap.wrap(line, MAX_LINE_CHARACTERS)
                if len(line) > MAX_LINE_CHARACTERS and not line.startswith(" ")
                else [line]
            )
            click.echo("\n".join(f"  {piece}" for piece in broken))


@click.command()
@click.argument("name")
@click.option("--date", "day", type=Day(), required=True, help="Date of the price, UTC, such as 2026-01-31.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def at(name: str, day: date, as_json: bool) -> None:
    """Print the price of a model on a date, in USD per token.

    The exit status is 1 if no price is known.
    """
    names = load_names()
    named = priced_name(names, name)
    found = find_price(names.book, named, Terms(day))
    price, usual = found.price, found.rates
    if as_json:
        entry: dict[str, json.Value] = {
            "model": name,
            "resolved_model": named.model,
            "date": day.isoformat(),
            "price_per_input_token": None,
            "reason": found.reason,
        }
        if price:
            entry |= {"price_per_input_token": usual.input, "price_per_output_token": usual.output}
            entry |= {"effective_from": price.effective_from.isoformat(), "state": price.state}
            rates: list[json.Value] = [stated_entry(rate) for rate in stated_rates(price)]
            entry |= {
                "effective_at": instant_words(price.begins),
                "rates": rates,
                "regions": dict(price.tariff.regions),
            }
        click.echo(json.encode(entry))
    elif price is None or usual.input is None:
        why = f": {found.reason}" if found.reason and not named.is_plain else ""
        raise click.ClickException(f"No price of {name} is known on {day}{why}.")
    else:
        output = f", output {plain(usual.output)}" if usual.output is not None else ""
        click.echo(f"{name} on {day}: input {plain(usual.input)}{output} USD per token ({price.state})")
        for rate in stated_rates(price):
            if rate.path not in ("input", "output"):
                click.echo(_rate_line(rate))
        for region, factor in price.tariff.regions:
            click.echo(f"  region {region}: {plain(factor)} times as much for tokens")


def _name_section(names: ModelNames, named: NamedModel, price: NamedPrice) -> ExplanationSection:
    """Return what a name stands for and, if it changes the price, the input rate by the name."""
    found = names.resolution(named.name)
    lines = list(resolution_lines(found)) if found else []
    if price.reason is not None:
        lines.append(f"No price: {price.reason}.")
    elif not named.is_plain and price.rates.input is not None:
        lines.append(f"Input by this name: {plain(price.rates.input)} USD per token.")
    return ExplanationSection(f"{named.name} stands for {named.model}", tuple(lines))


def _rate_line(rate: StatedRate) -> str:
    where = ", ".join(filter(None, (place_words(rate), hours_words([rate.window]) if rate.window else "")))
    each = "each" if is_counted(rate.unit) else "per token"
    named = f"{where}: {unit_words(rate.unit)}" if where else unit_words(rate.unit)
    return f"  {named} {plain(rate.rate)} USD {each} ({rate.statement.state})"
