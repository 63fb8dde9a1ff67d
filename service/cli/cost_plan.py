"""`weighbridge cost -m MODEL --input 2M …`: what calls would cost with several models, as one table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from corpus_cost.model_names import ModelNames
from pricing_data import PriceBook
from pricing_data.cost import multiply
from pricing_data.plans import MONTHS_OF_A_YEAR, CallPlan, PlannedCost, plan_costs, read_plan
from pricing_data.responses import BadUsage
from service.cli.table import CellValue, Column, money, print_table, say
from service.http import json
from service.runtime.clock import utc_now
from service.tokens.cost_answers import plan_answer, worst_state

# With -m '*', hundreds of models have no price.
MAX_NAMED_MODELS = 10
# Options whose property of a plan has another name.
OPTIONS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cached": "cached_input_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "audio": "input_audio_tokens",
    "reasoning": "reasoning_tokens",
    "searches": "web_searches",
}
HELP = {
    "input": "Input tokens of one call: 2000, 2k, 1.5M, 1B.",
    "output": "Output tokens of one call.",
    "cached": "Input tokens read from a cache: a number or a share, such as 40%.",
    "cache_write": "Input tokens written to a cache: a number or a share.",
    "cache_write_1h": "Input tokens written to a one-hour cache: a number or a share.",
    "audio": "Input tokens that are audio: a number or a share.",
    "reasoning": "Output tokens that are reasoning: a number or a share.",
    "searches": "Web searches of one call.",
    "calls": "Number of such calls (default: 1).",
}


def plan_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a plan to a command."""
    for name, value in reversed(HELP.items()):
        command = click.option(f"--{name.replace('_', '-')}", help=value)(command)
    command = click.option("--monthly", is_flag=True, help="The calls are per month; also show the cost per year.")(
        command
    )
    return click.option("--batch", is_flag=True, help="Use batch prices: the same as --service-tier batch.")(command)


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the given options of a plan, and the given options that a FILE allows too (model terms)."""
    given = {name: value for name, value in options.items() if value not in (None, False)}
    if given.pop("batch", False):
        if "service_tier" in given:
            raise click.UsageError("--batch and --service-tier cannot be used together.")
        given["service_tier"] = "batch"
    plan = {name: given.pop(name) for name in (*HELP, "monthly") if name in given}
    return plan, given


def show_plan(names: ModelNames, models: Sequence[str], options: Mapping[str, Any], *, as_json: bool) -> bool:
    """Print the cost of a plan. Return whether every model has a cost. An invalid option ends the command."""
    if "provider" in options:
        raise click.UsageError("--provider cannot be used without a FILE.")
    fields = {OPTIONS.get(name, name): value for name, value in options.items()}
    try:
        plan = read_plan({**fields, "models": list(models)}, utc_now(), list(names.registry.models))
    except BadUsage as fault:
        raise click.ClickException(f"{option_named(fault.property)}: {fault.reason}.") from None
    resolve, book = names.resolver(), names.book
    costs = plan_costs(book, plan, lambda name: resolve(name, None))
    if as_json:
        click.echo(json.encode({**plan_answer(plan, costs, None), "pricing_version": book.version}))
    else:
        _print(book, plan, costs)
    return all(cost.total is not None for cost in costs)


def option_named(name: str) -> str:
    """Return the option that sets a property of a plan."""
    short = next((option for option, field in OPTIONS.items() if field == name), name)
    return "The plan" if name == "plan" else f"--{short.replace('_', '-')}"


def _print(book: PriceBook, plan: CallPlan, costs: Sequence[PlannedCost]) -> None:
    headings = ["one call, USD", f"{plan.calls:,} calls, USD" if plan.calls != 1 else "all, USD"]
    if plan.monthly:
        headings = ["one call, USD", "a month, USD", "a year, USD"]
    columns = [Column("model", "name"), *(Column(heading, "number") for heading in headings), Column("state")]
    print_table(columns, [_row(plan, cost) for cost in costs if cost.total is not None])
    unpriced = [cost for cost in costs if cost.total is None]
    for cost in unpriced[:MAX_NAMED_MODELS]:
        say(f"{cost.model} has no cost: {cost.reason}.")
    if len(unpriced) > MAX_NAMED_MODELS:
        say(f"{len(unpriced) - MAX_NAMED_MODELS:,} more models have no cost; --json lists them all.")
    say(f"{_plan_words(plan)}, by the price book {book.version}.")


def _row(plan: CallPlan, cost: PlannedCost) -> list[CellValue]:
    if cost.total is None or cost.per_call is None:
        return []
    amounts = [money(cost.per_call), money(cost.total)]
    if plan.monthly:
        amounts.append(money(multiply(MONTHS_OF_A_YEAR, cost.total)))
    return [cost.model, *amounts, worst_state(cost)]


def _plan_words(plan: CallPlan) -> str:
    """Return what was priced: "1,000 calls a month, each of 2,000 input and 500 output tokens"."""
    usage, month = plan.usage, " a month" if plan.monthly else ""
    each = ", each" if plan.calls != 1 else ""
    cached = f" ({usage.cached_input_tokens:,} of them cached)" if usage.cached_input_tokens else ""
    tier = "" if plan.terms.service == "standard" else f", service tier {plan.terms.service}"
    calls = f"{plan.calls:,} call{'s' if plan.calls != 1 else ''}{month}{each}"
    return f"{calls} of {usage.input_tokens:,} input{cached} and {usage.output_tokens:,} output tokens{tier}"
