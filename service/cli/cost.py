"""`weighbridge cost`: what a provider's usage or response costs, or what calls would cost, exactly."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from corpus_cost.model_names import ModelNames
from pricing_data import PriceBook
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import MARKS_OF_A_RESPONSE, PROPERTIES, PricedUsage, price_usage
from service.cli.cost_plan import option_named, plan_options, show_plan, split_options
from service.cli.cost_report import show_many, show_one
from service.cli.price_book import load_names
from service.http import json
from service.http.json import NotJson
from service.runtime.clock import utc_now
from service.tokens.cost_answers import CostAnswers

NOT_ALL = 2
STDIN = "-"
# Limits of one list or one line: all of it is held in memory.
MAX_ITEMS, MAX_VALUES = 1_000_000, 20_000_000
EPILOG = "Exit status: 0, everything was priced; 2, some items have no cost; 1, nothing could be done."


@click.command(epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    help="Model; overrides that of a response. With --input, may be repeated; '*' means all.",
)
@click.option(
    "--at", help="Price at this date or instant, such as 2026-01-31T14:00:00Z (default: that of the response, or now)."
)
@click.option(
    "--service-tier", help="Service tier: standard, batch, flex, priority, or the provider's own name for it."
)
@click.option("--region", help="Data residency region of the call, such as us.")
@click.option("--provider", help="Provider, if the response does not show it: openai, xai, bedrock, ...")
@plan_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def cost(context: click.Context, /, file: Path | None, models: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Price a usage or response in FILE, or what calls would cost.

    FILE holds one JSON value, a list, or JSON lines; - is standard input. Options override what a response states.

    Without FILE, --input and --output are the tokens of one call, which is priced for each model:

    weighbridge cost -m gpt-4o -m o3 --input 2k --output 500 --cached 40% --calls 1M --monthly
    """
    plan, terms = split_options(options)
    names = load_names()
    if file is None:
        if not models or not plan:
            raise click.UsageError(
                "Name a FILE with a response or a usage, - for standard input; or models with -m, and --input."
            )
        if not show_plan(names, models, {**plan, **terms}, as_json=as_json):
            context.exit(NOT_ALL)
        return
    if plan:
        raise click.UsageError(f"{' and '.join(map(option_named, plan))} cannot be used with a FILE.")
    if len(models) > 1:
        raise click.UsageError("A FILE is priced for one --model only.")
    items, is_single = _read_items(file)
    if models:
        terms["model"] = models[0]
    results = _price(names, [_with_terms(item, terms) for item in items])
    if is_single and isinstance(results[0], BadUsage):
        raise click.ClickException(f"{results[0]}.")
    _show(names.book, results, is_single=is_single, as_json=as_json)
    if any(isinstance(found, BadUsage) or found.total is None for found in results):
        context.exit(NOT_ALL)


def _price(names: ModelNames, items: Sequence[Any]) -> list[PricedUsage | BadUsage]:
    """Return the cost of each usage, or why it cannot be read."""
    now, resolve = utc_now(), names.resolver()
    results: list[PricedUsage | BadUsage] = []
    for item in items:
        try:
            results.append(price_usage(names.book, item, now=now, resolve=resolve))
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


def _read_items(path: Path) -> tuple[list[Any], bool]:
    """Return the values in a file of JSON or of JSON lines, and whether the file is a single value.

    Invalid JSON ends the command with a sentence that names the line.
    """
    try:
        body = sys.stdin.buffer.read() if str(path) == STDIN else path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"Cannot read {click.format_filename(path)}: {error.strerror}.") from None
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        found = json.decode_list(body, MAX_VALUES, MAX_ITEMS)
    except NotJson as fault:
        lines = body.splitlines()
        if len(lines) < 2 or not body.startswith(b"{"):
            raise click.ClickException(str(fault)) from None
        return list(_decode_lines(lines, fault)), False
    return (found, False) if isinstance(found, list) else ([found], True)


def _decode_lines(lines: list[bytes], whole_fault: NotJson) -> Iterator[Any]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield json.decode(line)
        except NotJson as fault:
            # If the first line is not valid, the file is one value over several lines: report the fault of the whole.
            sentence = str(whole_fault) if number == 1 else f"Line {number}: {fault}"
            raise click.ClickException(sentence) from None


def _with_terms(item: Any, terms: Mapping[str, str]) -> Any:
    """Return an item with the terms of the options in place of its own; a bare usage becomes an item."""
    if not isinstance(item, dict):
        return item
    if "usage" not in item and "response" not in item and MARKS_OF_A_RESPONSE.isdisjoint(item):
        return {"usage": item, **terms}
    if not terms:
        return item
    return {**item, **terms} if frozenset(PROPERTIES).issuperset(item) else {"response": item, **terms}
