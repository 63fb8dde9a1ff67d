"""What is answered to plans: for each the cost of every model, the cheapest first; from the API and the command."""

from collections.abc import Sequence
from decimal import Decimal

from pricing_data.book.overrides import Markup
from pricing_data.cost import multiply
from pricing_data.plans import MONTHS_OF_A_YEAR, CallPlan, PlannedCost
from pricing_data.pricing import PricedLine, row_id
from service import wire
from service.prices.cost_answer import counts, moment_text
from service.prices.markup_answer import markup_values


def plan_answer(plan: CallPlan, costs: Sequence[PlannedCost], markup: Markup | None) -> dict[str, wire.Value]:
    """Return one plan as JSON: what was priced, then the costs, then the models without one and the reasons."""
    at = plan.terms.at
    entries: list[wire.Value] = [_entry(plan, cost, markup) for cost in costs if cost.total is not None]
    unpriced: list[wire.Value] = [{"model": cost.model, "reason": cost.reason} for cost in costs if cost.total is None]
    return {
        "at": moment_text(at),
        "service_tier": plan.terms.service,
        "region": plan.terms.region,
        "calls": plan.calls,
        "monthly": plan.monthly,
        "usage_per_call": counts(plan.usage),
        "currency": "USD",
        "costs": entries,
        "unpriced": unpriced,
    }


def _entry(plan: CallPlan, cost: PlannedCost, markup: Markup | None) -> wire.Value:
    total = cost.total if cost.total is not None else Decimal()
    entry: dict[str, wire.Value] = {"model": cost.model, "per_call": cost.per_call, "total": total}
    if plan.monthly:
        entry["per_year"] = multiply(MONTHS_OF_A_YEAR, total)
    if markup is not None:
        entry |= markup_values(markup, total)
    if cost.price is not None:
        entry |= {"row": row_id(cost.price), "state": worst_state(cost)}
    lines: list[wire.Value] = [_line(line) for line in cost.lines]
    return {**entry, "lines_per_call": lines}


def _line(line: PricedLine) -> wire.Value:
    return {
        "unit": line.unit,
        "count": line.count,
        "rate": line.rate,
        "amount": line.amount,
        "path": line.path,
        "state": line.state,
    }


# From the least sure one.
SURENESS = ("disputed", "single", "retired", "agreed", "override")


def worst_state(cost: PlannedCost) -> str:
    """Return how sure the least sure of the rates is that a cost rests on."""
    states = {line.state for line in cost.lines}
    return next((state for state in SURENESS if state in states), cost.price.state if cost.price else "")
