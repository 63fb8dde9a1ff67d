"""The exact cost of one whole call: input, cache, output; tiers, batches and hours of the day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from pricing_data.cost import add, cost
from pricing_data.errors import UnpricedUsage
from pricing_data.price import Price, Rates, Tariff, Tier, Window


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one call. Those read from a cache, and those written into one, are among the input tokens."""

    input_tokens: int
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    batch: bool = False


class CallCost(NamedTuple):
    """What a call costs, in USD, and the row that says so. `input` has the cached tokens in it.

    `per_call` is the fee for the call itself, besides its tokens; it is in the total.
    """

    total: Decimal
    input: Decimal
    output: Decimal
    per_call: Decimal
    rates: Rates
    price: Price


def call_cost(price: Price, usage: Usage, at: date) -> CallCost:
    """The cost of a call under one row. Raises UnpricedUsage where the row does not say.

    Where no rate for a cache is known, its tokens cost what other input tokens do.
    """
    _check(price.model, usage)
    rates = rates_at(price, usage, at)
    if rates.input is None:
        raise UnpricedUsage(price.model, "no price for input is known")
    if usage.output_tokens and rates.output is None:
        raise UnpricedUsage(price.model, f"no price for output is known, and there are {usage.output_tokens} tokens")
    fresh = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens
    spent = add(
        cost(fresh, rates.input),
        cost(usage.cached_input_tokens, rates.cached_input or rates.input),
        cost(usage.cache_write_tokens, rates.cache_write or rates.input),
    )
    output = cost(usage.output_tokens, rates.output or Decimal())
    fee = price.tariff.per_call or Decimal()
    return CallCost(add(spent, output, fee), spent, output, fee, rates, price)


def rates_at(price: Price, usage: Usage, at: date) -> Rates:
    """The rates for a call: those of its batch, of the hour, or of the tier that its prompt reaches.

    A tier's rates hold for the whole call, as every source defines them. A date has no hour: then the
    rates of most of the day hold. Raises UnpricedUsage, and ValueError for an instant without a zone.
    """
    tariff = price.tariff
    if usage.batch:
        if tariff.batch is None:
            raise UnpricedUsage(price.model, "no price for batches is known")
        return _tier(tariff.batch, tariff.batch_tiers, usage.input_tokens)
    if window := _window(tariff, at):
        return window.rates
    return _tier(tariff.rates, tariff.tiers, usage.input_tokens)


def _check(model: str, usage: Usage) -> None:
    for name in ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens"):
        tokens = getattr(usage, name)
        if type(tokens) is not int or tokens < 0:
            raise UnpricedUsage(model, f"{name} must be a whole number, 0 or more, not {tokens!r}")
    if usage.cached_input_tokens + usage.cache_write_tokens > usage.input_tokens:
        raise UnpricedUsage(
            model,
            f"{usage.cached_input_tokens} cached and {usage.cache_write_tokens} written tokens are more than the "
            f"{usage.input_tokens} input tokens that they should be among",
        )


def _tier(base: Rates, tiers: tuple[Tier, ...], input_tokens: int) -> Rates:
    reached = [tier.rates for tier in tiers if input_tokens > tier.above_tokens]
    return reached[-1] if reached else base


def _window(tariff: Tariff, at: date) -> Window | None:
    if not isinstance(at, datetime):
        return None
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {at}")
    moment = at.astimezone(UTC).time()
    return next((window for window in reversed(tariff.schedule) if _covers(window, moment)), None)


def _covers(window: Window, moment: time) -> bool:
    if window.ends < window.starts:
        return moment >= window.starts or moment < window.ends
    return window.starts <= moment < window.ends
