"""A tariff as a flat mapping of paths to values, and back.

A path is that of a rate (see `pricing_data.price.path_of`), "schedule", or "region.NAME".
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from pricing_data.price import RATE_FIELDS, SERVICES, STANDARD, Rates, Service, Tariff, Tier, Window
from pricing_data.rate_paths import path_of, rates_by_path

PathValue: TypeAlias = Decimal | tuple[Window, ...]
INPUT = "input"
SCHEDULE = "schedule"
# In the place of a rate: a tier of which a source states that it begins, and no rate.
TIER = "tier"
REGION = "region."


class RatePlace(NamedTuple):
    """Where a rate stands: its service, its name, and the tier that it is in (0: none)."""

    service: str
    rate: str
    above_tokens: int = 0


@lru_cache(4096)
def place_of(path: str) -> RatePlace | None:
    """Return where the rate of a path stands; None for a schedule or a region's factor."""
    if path == SCHEDULE or path.startswith(REGION):
        return None
    named, _, bound = path.partition(">")
    service, dot, rate = named.rpartition(".")
    return RatePlace(service if dot else STANDARD, rate, int(bound or 0))


def values_of(tariff: Tariff) -> dict[str, PathValue]:
    """Return all that a tariff states, by path."""
    values: dict[str, PathValue] = dict(rates_by_path(tariff))
    for service in (Service(STANDARD, tariff.rates, tariff.tiers), *tariff.services):
        values |= {path_of(TIER, service.name, t.above_tokens): () for t in service.tiers if t.rates == Rates()}
    if tariff.schedule:
        values[SCHEDULE] = tariff.schedule
    for region, factor in tariff.regions:
        values[REGION + region] = factor
    return values


def tariff_of(values: Mapping[str, PathValue]) -> Tariff:
    """Return the tariff that states these values; `values_of` gives them back."""
    rates: dict[tuple[str, int], dict[str, Decimal]] = {}
    regions: list[tuple[str, Decimal]] = []
    for path, value in values.items():
        place = place_of(path)
        if place and place.rate == TIER:
            rates.setdefault((place.service, place.above_tokens), {})
        elif place and isinstance(value, Decimal):
            rates.setdefault((place.service, place.above_tokens), {})[place.rate] = value
        elif isinstance(value, Decimal):
            regions.append((path.removeprefix(REGION), value))
    schedule = values.get(SCHEDULE)
    standard, *others = (_service(name, rates) for name in SERVICES)
    return Tariff(
        standard.rates,
        standard.tiers,
        tuple(service for service in others if service.tiers or service.rates != Rates()),
        schedule if isinstance(schedule, tuple) else (),
        tuple(sorted(regions)),
    )


def _service(name: str, rates: Mapping[tuple[str, int], Mapping[str, Decimal]]) -> Service:
    bounds = sorted(bound for service, bound in rates if service == name and bound)
    tiers = tuple(Tier(bound, Rates(**rates[name, bound])) for bound in bounds)
    return Service(name, Rates(**rates.get((name, 0), {})), tiers)


def in_order(paths: Mapping[str, PathValue]) -> list[str]:
    """Return paths in the order of a tariff's own rates, tiers and services."""
    return sorted(paths, key=_rank)


def _rank(path: str) -> tuple[int, int, int, str]:
    place = place_of(path)
    if place is None:
        return len(SERVICES), 0, 0, path
    rate = RATE_FIELDS.index(place.rate) if place.rate != TIER else len(RATE_FIELDS)
    return SERVICES.index(place.service), place.above_tokens, rate, path
