"""`weighbridge cost`: what a provider's usage or response costs, exactly."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pricing_data import PriceBook
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import PricedUsage, price_usage
from service.clock import utc_now
from service.commands.cost_items import read_items, with_terms
from service.commands.cost_report import show_many, show_one
from service.commands.price_book import loaded_book
from service.prices.cost_answer import CostAnswers
from service.tokens.names import resolver
from tokenizer_registry import Registry

NOT_ALL = 2
EPILOG = "Exit status: 0, everything was priced; 2, something was not, and is named; 1, nothing could be done."


@click.command(epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--model", "-m", help="The model, for a usage that does not name it; wins over a response's.")
@click.option("--at", help="A day, or an instant such as 2026-01-31T14:00:00Z; without it the response's, or now.")
@click.option("--service-tier", help="standard, batch, flex, priority, or the provider's own word.")
@click.option("--region", help="Where the provider was asked to keep the data, as us.")
@click.option("--provider", help="Who answered, where the properties do not say it: openai, xai, bedrock, ...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def cost(context: click.Context, /, file: Path | None, as_json: bool, **options: str | None) -> None:
    """Price a provider's response or usage in FILE.

    The file has one value of JSON, a list, or a value on each line; - is standard input. Options win over what stands
    in a response.
    """
    if file is None:
        raise click.UsageError("Name a FILE with a response or a usage, or - for standard input.")
    items, is_single = read_items(file)
    registry = Registry.from_package()
    book = loaded_book(registry)
    terms = {name: value for name, value in options.items() if value is not None}
    results = _priced(book, registry, [with_terms(item, terms) for item in items])
    if is_single and isinstance(results[0], BadUsage):
        raise click.ClickException(f"{results[0]}.")
    _show(book, results, is_single=is_single, as_json=as_json)
    if any(isinstance(found, BadUsage) or found.total is None for found in results):
        context.exit(NOT_ALL)


def _priced(book: PriceBook, registry: Registry, items: Sequence[Any]) -> list[PricedUsage | BadUsage]:
    """Return what each usage costs, or why it cannot be read."""
    now, resolve = utc_now(), resolver(registry.models, book)
    results: list[PricedUsage | BadUsage] = []
    for item in items:
        try:
            results.append(price_usage(book, item, now=now, resolve=resolve))
        except BadUsage as fault:
            results.append(fault)
    return results


def _show(book: PriceBook, results: Sequence[PricedUsage | BadUsage], *, is_single: bool, as_json: bool) -> None:
    if as_json:
        answers = CostAnswers(book)
        entries = [answers.refusal(it) if isinstance(it, BadUsage) else answers.answer(it) for it in results]
        click.echo(entries[0] if is_single else f"[{','.join(entries)}]")
    elif is_single and isinstance(results[0], PricedUsage):
        show_one(results[0])
    else:
        show_many(results, book.version)
