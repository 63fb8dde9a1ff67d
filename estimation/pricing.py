"""Sums to costs: each model's rates at each tier, times whole numbers of tokens. Nothing is rounded."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from estimation.meter import Meter, Sums
from estimation.workload import Workload
from pricing_data import PriceBook, UnpricedUsage
from pricing_data.call_cost import call_cost
from pricing_data.cost import add
from pricing_data.price import Price
from pricing_data.rate_card import tiers_of
from pricing_data.usage import Usage


class Cost(NamedTuple):
    """USD, or the reason why there is none."""

    usd: Decimal | None
    reason: str | None = None


def thresholds(book: PriceBook, models: Sequence[str], workload: Workload) -> tuple[int, ...]:
    """Return the prompt sizes, in tokens, above which the price of any of these models changes."""
    found: set[int] = set()
    for model in models:
        if price := book.price(model, workload.day):
            service = price.tariff.service(workload.terms.service)
            found.update(tier.above_tokens for tier in (tiers_of(price.tariff, service) if service else ()))
    return tuple(sorted(found))


def priced(book: PriceBook, model: str, meter: Meter, sums: Sequence[Sums], workload: Workload) -> Cost:
    """Return the cost of the calls of these sums, each call one text: exactly the sum of their single costs."""
    price = book.price(model, workload.day)
    if price is None:
        return Cost(None, f"no price is known on {workload.day}")
    try:
        parts = [_tier(price, _smallest(meter, i), tier, workload) for i, tier in enumerate(sums)]
    except UnpricedUsage as fault:
        return Cost(None, fault.reason)
    return Cost(add(*parts))


def _smallest(meter: Meter, tier: int) -> int:
    """Return the smallest prompt of a tier, in tokens."""
    return meter.thresholds[tier - 1] + 1 if tier else 0


def _tier(price: Price, prompt_tokens: int, sums: Sums, workload: Workload) -> Decimal:
    if not sums.texts:
        return Decimal()
    usage = Usage(sums.input, sums.output, sums.cached, requests=sums.texts)
    return call_cost(price, usage, workload.terms, input_tokens_of_each=prompt_tokens).total
