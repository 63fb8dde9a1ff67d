"""`POST /v1/cost` with `plans`: what kinds of calls would cost, with several models beside each other."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pricing_data import PriceBook
from pricing_data.plans import CallPlan, plan_costs, read_plan
from pricing_data.responses import BadUsage
from service import wire
from service.errors import INVALID_REQUEST, Refusal
from service.prices.plan_answer import plan_answer
from service.tokens.names import resolver

MAX_PLANS = 100
# Of all plans of a request together.
MAX_COSTS = 10_000
PLANS = "plans"


def is_of_plans(request: object) -> bool:
    """Return whether a request asks for plans."""
    return isinstance(request, dict) and PLANS in request


def priced_plans(
    request: Mapping[str, Any], book: PriceBook, models: Mapping[str, object], now: datetime, account: str | None
) -> bytes | Refusal:
    """Return the answer to a request with plans, or a refusal that names the plan and the property at fault."""
    try:
        plans = list(_plans(request, now, list(models)))
    except BadUsage as fault:
        return INVALID_REQUEST.saying(f"{fault}.")
    if sum(len(plan.models) for plan in plans) > MAX_COSTS:
        return INVALID_REQUEST.saying(f"plans: send at most {MAX_COSTS:,} models in all plans together.")
    resolve = resolver(models, book)
    answers: list[wire.Value] = [
        plan_answer(plan, plan_costs(book, plan, lambda name: resolve(name, None)), book.markup(account, plan.terms.at))
        for plan in plans
    ]
    return wire.encode({PLANS: answers, "pricing_version": book.version})


def _plans(request: Mapping[str, Any], now: datetime, every_model: Sequence[str]) -> Iterator[CallPlan]:
    for name in request:
        if name != PLANS:
            raise BadUsage(name, "is not a property of a request with plans")
    plans = request[PLANS]
    if not isinstance(plans, list) or not 1 <= len(plans) <= MAX_PLANS:
        raise BadUsage(PLANS, f"must be a list of 1 to {MAX_PLANS} plans")
    for place, fields in enumerate(plans):
        try:
            yield read_plan(fields, now, every_model)
        except BadUsage as fault:
            raise BadUsage(f"plans[{place}].{fault.property}", fault.reason) from None
