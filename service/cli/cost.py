"""`weighbridge cost`: what a provider's usage or response costs, or what calls would cost, exactly."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pricing_data import PriceBook
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import PricedUsage, price_usage
from service.cli.cost_items import read_items, with_terms
from service.cli.cost_plan import option_named, plan_options, show_plan, split_options
from service.cli.cost_report import show_many, show_one
from service.cli.price_book import loaded_book
from service.runtime.clock import utc_now
from service.tokens.cost_answers import CostAnswers
from service.tokens.names import resolver
from tokenizer_registry import Registry

NOT_ALL = 2
EPILOG = "Exit status: 0, everything was priced; 2, something was not, and is named; 1, nothing could be done."


@click.command(epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    help="The model of a usage; wins over a response's. With --input, repeat it, or '*' for all.",
)
@click.option("--at", help="A day, or an instant such as 2026-01-31T14:00:00Z; without it the response's, or now.")
@click.option("--service-tier", help="standard, batch, flex, priority, or the provider's own word.")
@click.option("--region", help="Where the provider was asked to keep the data, as us.")
@click.option("--provider", help="Who answered, where the properties do not say it: openai, xai, bedrock, ...")
@plan_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def cost(context: click.Context, /, file: Path | None, models: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Price a usage or response in FILE, or what calls would cost.

    The file has one value of JSON, a list, or a value on each line; - is standard input. Options win over what stands
    in a response. Without FILE, --input and --output are the tokens of one call, which is priced for each
    MODEL: weighbridge cost -m gpt-4o -m o3 --input 2k --output 500 --cached 40% --calls 1M --monthly
    """
    plan, terms = split_options(options)
    registry = Registry.from_package()
    book = loaded_book(registry)
    if file is None:
        if not models or not plan:
            raise click.UsageError(
                "Name a FILE with a response or a usage, - for standard input; or models with -m, and --input."
            )
        if not show_plan(book, registry, models, {**plan, **terms}, as_json=as_json):
            context.exit(NOT_ALL)
        return
    if plan:
        raise click.UsageError(f"{' and '.join(map(option_named, plan))} cannot be used with a FILE.")
    if len(models) > 1:
        raise click.UsageError("A FILE is priced for one --model only.")
    items, is_single = read_items(file)
    if models:
        terms["model"] = models[0]
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
