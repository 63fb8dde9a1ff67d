"""Selects the rates of a row that apply to a call, and prepares them for fast multiplication.

These are the rates of the call's service, of the hour, or of the context tier of its input. Everything that depends on
the row, service and region alone is computed once and cached in the row.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from pricing_data.cost import multiply
from pricing_data.dates import is_holiday
from pricing_data.errors import UnpricedUsage
from pricing_data.price import COUNTED_FIELDS, RATE_FIELDS, STANDARD, Price, Rates, Service, Tariff, Tier, Window
from pricing_data.rate_paths import path_of
from pricing_data.usage import Terms

# Regions without a factor at any provider.
PLAIN_REGIONS = frozenset({"global"})
UNKNOWN_RATES = Rates()


@dataclass(frozen=True, slots=True)
class Rating:
    """The rates of a row that apply to a call, and their position in its tariff."""

    rates: Rates
    service: str = STANDARD
    above_tokens: int = 0
    in_schedule: bool = False

    def path(self, rate: str) -> str:
        """Return the path of a rate in the row's tariff."""
        return "schedule" if self.in_schedule else path_of(rate, self.service, self.above_tokens)


def rates_at(price: Price, input_tokens: int, terms: Terms) -> Rates:
    """Return the rates for a call. Raise UnpricedUsage if its service has none."""
    return rating_of(price, input_tokens, terms).rates


def rating_of(price: Price, input_tokens: int, terms: Terms) -> Rating:
    """Return the rates for a call: of its service, of the hour, or of the context tier of its input.

    A tier's rates apply to the whole call. A date without a time gets the rates of most of the day. Raise UnpricedUsage
    if the service has no rates, ValueError for an instant without a zone.
    """
    service = service_of(price, terms.service)
    if terms.service == STANDARD and (window := window_at(price.tariff.schedule, terms.at)):
        return Rating(window.rates, in_schedule=True)
    reached = [tier for tier in tiers_of(price.tariff, service) if input_tokens > tier.above_tokens]
    if not reached:
        return Rating(service.rates, service.name)
    return Rating(reached[-1].rates, service.name, reached[-1].above_tokens)


def tier_reached(price: Price, input_tokens: int) -> int:
    """Return the bound of the context tier of a standard call, 0 for the base rates."""
    return max((tier.above_tokens for tier in price.tariff.tiers if input_tokens > tier.above_tokens), default=0)


def input_rate(price: Price | None, input_tokens: int) -> Decimal | None:
    """Return USD per input token of a standard call with this many, outside schedules; None if it is unknown."""
    if price is None:
        return None
    tiers = price.tariff.tiers
    if not tiers or input_tokens <= tiers[0].above_tokens:
        return price.tariff.rates.input
    return next(tier.rates.input for tier in reversed(tiers) if input_tokens > tier.above_tokens)


def service_of(price: Price, name: str) -> Service:
    """Return the rates and tiers of a service. Raise UnpricedUsage if the row states none."""
    service = price.tariff.service(name)
    if service is None:
        named = {"batch": "batches", "priority": "priority calls"}.get(name, f"service tier {name!r}")
        raise UnpricedUsage(price.model, f"no price for {named} is known")
    return service


def tiers_of(tariff: Tariff, service: Service) -> tuple[Tier, ...]:
    """Return the context tiers of a service.

    If the tariff's standard calls have tiers and a service has none, the service's rates above the first bound are
    unknown.
    """
    if service.tiers or not tariff.tiers:
        return service.tiers
    return (Tier(tariff.tiers[0].above_tokens, UNKNOWN_RATES),)


def region_factor(price: Price, region: str | None) -> Decimal | None:
    """Return the factor on token rates in a region, None for plain rates. Raise UnpricedUsage if it is unknown."""
    if not region or region in PLAIN_REGIONS:
        return None
    factor = dict(price.tariff.regions).get(region)
    if factor is None:
        raise UnpricedUsage(price.model, f"no price for region {region!r} is known")
    return factor


def window_at(schedule: tuple[Window, ...], at: date) -> Window | None:
    """Return the last window of a schedule that contains an instant; None for a date.

    Raise ValueError for an instant without a zone.
    """
    if not schedule or not isinstance(at, datetime):
        return None
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {at}")
    return next((window for window in reversed(schedule) if _covers(window, at)), None)


def _covers(window: Window, at: datetime) -> bool:
    """Return whether a window contains an instant and began on one of its weekdays and not on a holiday."""
    local = at.astimezone(timezone(timedelta(minutes=window.utc_offset_minutes)))
    moment, began_on = local.time(), local.date()
    if window.ends <= window.starts:
        inside = moment >= window.starts or moment < window.ends
        if moment < window.starts:
            began_on -= timedelta(days=1)
    else:
        inside = window.starts <= moment < window.ends
    on_day = not window.weekdays or began_on.isoweekday() in window.weekdays
    return inside and on_day and not (window.holidays and is_holiday(window.holidays, began_on))


@dataclass(frozen=True, slots=True)
class ReadyRates:
    """Rates with the region's factor: `charged` in USD, `amounts` as whole multiples of `quantum` USD.

    Both are in the order of RATE_FIELDS, None where a rate is unknown; `paths` has the path of each.
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
    """All rates of a row for one service and region. `tiers` are pairs of bound and rates, highest bound first."""

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
    """Return the cached rates of a row for a service and a region. Raise UnpricedUsage if the row states none."""
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
    """Return a rate and its path. Rates of counted things default to those of the standard service."""
    own: Decimal | None = getattr(rating.rates, name)
    if name in COUNTED_FIELDS:
        return (own, rating.path(name)) if own is not None else (getattr(standard, name), name)
    return own if own is None or factor is None else multiply(own, factor), rating.path(name)


def _exponent(rate: Decimal) -> int:
    exponent = rate.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"not a finite rate: {rate}")
    return min(exponent, 0)
