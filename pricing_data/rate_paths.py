"""Every rate of a row of the book with who states it: what is shown to people and programs."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from pricing_data.price import RATE_FIELDS, STANDARD, Price, Rates, Service, Statement, Tariff, Window

SCHEDULE = "schedule"


class StatedRate(NamedTuple):
    """One rate of a row: USD for each `unit`, in a service, above so many input tokens, or in the hours of a window.

    `path` is where it stands in the row, and `statement` who states it.
    """

    path: str
    unit: str
    service: str
    above_tokens: int
    window: Window | None
    rate: Decimal
    statement: Statement


def stated_rates(price: Price) -> list[StatedRate]:
    """Return every rate of a row that is known: the standard service first, its tiers, its hours, other services."""
    tariff = price.tariff
    found = list(_of_service(price, Service(STANDARD, tariff.rates, tariff.tiers)))
    for window in tariff.schedule:
        found += (
            StatedRate(SCHEDULE, unit, STANDARD, 0, window, rate, price.statement(SCHEDULE))
            for unit, rate in known_rates(window.rates)
        )
    for service in tariff.services:
        found += _of_service(price, service)
    return found


def known_rates(rates: Rates) -> Iterator[tuple[str, Decimal]]:
    """Return the rates that are known, by their names, in the order of RATE_FIELDS."""
    for name in RATE_FIELDS:
        if (value := getattr(rates, name)) is not None:
            yield name, value


def _of_service(price: Price, service: Service) -> Iterator[StatedRate]:
    for above, rates in ((0, service.rates), *((tier.above_tokens, tier.rates) for tier in service.tiers)):
        for unit, rate in known_rates(rates):
            path = path_of(unit, service.name, above)
            yield StatedRate(path, unit, service.name, above, None, rate, price.statement(path))


def path_of(rate: str, service: str = STANDARD, above_tokens: int = 0) -> str:
    """Return the path of a rate in a tariff: "input", "batch.input", "batch.input>200000"."""
    named = rate if service == STANDARD else f"{service}.{rate}"
    return f"{named}>{above_tokens}" if above_tokens else named


def rates_by_path(tariff: Tariff) -> dict[str, Decimal]:
    """Return every rate of a tariff that is known, by its path; the hours of a schedule are not among them."""
    return dict(_paths(tariff))


def _paths(tariff: Tariff) -> Iterator[tuple[str, Decimal]]:
    for service in (Service(STANDARD, tariff.rates, tariff.tiers), *tariff.services):
        for above, rates in ((0, service.rates), *((tier.above_tokens, tier.rates) for tier in service.tiers)):
            for name in RATE_FIELDS:
                if (value := getattr(rates, name)) is not None:
                    yield path_of(name, service.name, above), value
