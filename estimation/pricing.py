"""Sums to costs: each model's rates at each tier, times whole numbers of tokens. Nothing is rounded."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from estimation.meter import Meter, Sums
from estimation.workload import Workload
from pricing_data import PriceBook, UnpricedUsage, cost
from pricing_data.call import Usage, rates_at
from pricing_data.cost import add
from pricing_data.price import Price


class Cost(NamedTuple):
    """USD, or the reason why there is none."""

    usd: Decimal | None
    reason: str | None = None


def thresholds(book: PriceBook, models: Sequence[str], workload: Workload) -> tuple[int, ...]:
    """The prompt sizes, in tokens, above which the price of any of these models changes."""
    found: set[int] = set()
    for model in models:
        if price := book.price(model, workload.day):
            tiers = price.tariff.batch_tiers if workload.batch else price.tariff.tiers
            found.update(tier.above_tokens for tier in tiers)
    return tuple(sorted(found))


def priced(book: PriceBook, model: str, meter: Meter, sums: Sequence[Sums], workload: Workload) -> Cost:
    """What the calls of these sums cost, each call one text; exactly the sum of their single costs."""
    price = book.price(model, workload.day)
    if price is None:
        return Cost(None, f"no price is known on {workload.day}")
    try:
        parts = [_tier(price, _smallest(meter, i), tier, workload) for i, tier in enumerate(sums)]
    except UnpricedUsage as fault:
        return Cost(None, fault.reason)
    return Cost(add(*parts))


def _smallest(meter: Meter, tier: int) -> int:
    """The smallest prompt of a tier, in tokens."""
    return meter.thresholds[tier - 1] + 1 if tier else 0


def _tier(price: Price, prompt_tokens: int, sums: Sums, workload: Workload) -> Decimal:
    if not sums.texts:
        return Decimal()
    rates = rates_at(price, Usage(prompt_tokens, batch=workload.batch), workload.day)
    if rates.input is None:
        raise UnpricedUsage(price.model, "no price for input is known")
    if sums.output and rates.output is None:
        raise UnpricedUsage(price.model, "no price for output is known")
    return add(
        cost(sums.input - sums.cached, rates.input),
        cost(sums.cached, rates.cached_input or rates.input),
        cost(sums.output, rates.output or Decimal()),
        cost(sums.texts, price.tariff.per_call or Decimal()),
    )
