"""The rates of a row for one service and region, made ready to be multiplied: whole numbers of one small unit.

A row is priced many times, so what depends on the row alone is worked out once and kept with it.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pricing_data.cost import multiply
from pricing_data.price import COUNTED_FIELDS, RATE_FIELDS, STANDARD, Price, Rates, Window
from pricing_data.rating import Rating, region_factor, service_of, tiers_of, window_at


@dataclass(frozen=True, slots=True)
class ReadyRates:
    """The rates that a call is charged at, with a region's factor: `charged` in USD, `amounts` in whole `quantum`s.

    Both are in the order of RATE_FIELDS, None where a rate is not known. `paths` name them in the row.
    """

    rating: Rating
    factor: Decimal | None
    charged: tuple[Decimal | None, ...]
    amounts: tuple[int | None, ...]
    paths: tuple[str, ...]
    quantum: Decimal
    input: int | None
    output: int | None
    reasoning: int | None
    cached_input: int | None
    cache_write: int | None
    cache_write_1h: int | None
    per_call: int


@dataclass(frozen=True, slots=True)
class RateCard:
    """All rates of a row for one service and region. `tiers` are those with a bound, from the highest."""

    base: ReadyRates
    tiers: tuple[tuple[int, ReadyRates], ...]
    windows: dict[Window, ReadyRates]
    schedule: tuple[Window, ...]

    def reached(self, input_tokens: int, at: date) -> ReadyRates:
        """Return the rates of a call. Raise ValueError for an instant without a zone if there are hours."""
        if self.schedule and (window := window_at(self.schedule, at)) is not None:
            return self.windows[window]
        for above, ready in self.tiers:
            if input_tokens > above:
                return ready
        return self.base


def rate_card(price: Price, service: str, region: str | None) -> RateCard:
    """Return the rates of a row for a service and a region, made once. Raise UnpricedUsage if it states none."""
    card: RateCard | None = price.cards.get((service, region))
    if card is None:
        card = price.cards[service, region] = _rate_card(price, service, region)
    return card


def _rate_card(price: Price, name: str, region: str | None) -> RateCard:
    service, factor, standard = service_of(price, name), region_factor(price, region), price.tariff.rates
    schedule = price.tariff.schedule if name == STANDARD else ()
    return RateCard(
        _ready(Rating(service.rates, name), standard, factor),
        tuple(
            (tier.above_tokens, _ready(Rating(tier.rates, name, tier.above_tokens), standard, factor))
            for tier in reversed(tiers_of(price.tariff, service))
        ),
        {window: _ready(Rating(window.rates, in_schedule=True), standard, factor) for window in schedule},
        schedule,
    )


def _ready(rating: Rating, standard: Rates, factor: Decimal | None) -> ReadyRates:
    charged, paths = zip(*(_charged(rating, standard, factor, name) for name in RATE_FIELDS), strict=True)
    exponent = min(_exponent(rate) for rate in charged if rate is not None) if any(charged) else 0
    amounts = [None if rate is None else int(rate.scaleb(-exponent)) for rate in charged]
    by_name = dict(zip(RATE_FIELDS, amounts, strict=True))
    return ReadyRates(
        rating,
        factor,
        charged,
        tuple(amounts),
        paths,
        Decimal(1).scaleb(exponent),
        by_name["input"],
        by_name["output"],
        by_name["reasoning"],
        by_name["cached_input"],
        by_name["cache_write"],
        by_name["cache_write_1h"],
        by_name["per_call"] or 0,
    )


def _charged(rating: Rating, standard: Rates, factor: Decimal | None, name: str) -> tuple[Decimal | None, str]:
    """A rate and its path. What is counted costs in every service what the standard one asks, unless stated."""
    own: Decimal | None = getattr(rating.rates, name)
    if name in COUNTED_FIELDS:
        return (own, rating.path(name)) if own is not None else (getattr(standard, name), name)
    return own if own is None or factor is None else multiply(own, factor), rating.path(name)


def _exponent(rate: Decimal) -> int:
    exponent = rate.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"not a finite rate: {rate}")
    return min(exponent, 0)
