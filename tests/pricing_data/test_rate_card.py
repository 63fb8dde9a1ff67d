"""Which rates a call reaches: on both sides of every bound of tiers, services, regions and hours."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from pricing_data import PriceBook, UnpricedUsage
from pricing_data.call_cost import call_cost
from pricing_data.price import SERVICES, Rates, Service, Tariff, Tier, Window
from pricing_data.usage import Terms, Usage
from tests.pricing_data.call_examples import DAY, HALF, LONG, LONGER, NIGHT, RATES, cost_of, row


@pytest.mark.parametrize(
    ("tokens", "rates"),
    [(1, RATES), (200_000, RATES), (200_001, LONG), (500_000, LONG), (500_001, LONGER), (10**9, LONGER)],
)
def test_a_tier_holds_for_the_whole_call(booked: Callable[[Tariff], PriceBook], tokens: int, rates: Rates) -> None:
    """At its bound a call still has the lower rates; one token above, all its tokens have the higher ones."""
    book = booked(Tariff(RATES, (Tier(200_000, LONG), Tier(500_000, LONGER))))
    assert rates.input is not None
    assert rates.output is not None
    found = book.call_cost("a", Usage(tokens, 7), Terms(DAY))
    assert found.total == tokens * rates.input + 7 * rates.output
    above = {RATES: "input", LONG: "input>200000", LONGER: "input>500000"}[rates]
    assert found.lines[0].path == above


def test_several_calls_are_priced_at_the_tier_of_each(booked: Callable[[Tariff], PriceBook]) -> None:
    """A sum of short calls has the lower rates, however large the sum is."""
    tariff = Tariff(replace(RATES, per_call=Decimal("0.5")), (Tier(200_000, LONG),))
    found = call_cost(row(tariff), Usage(900_000, requests=9), Terms(DAY), input_tokens_of_each=100_000)
    assert found.rates == tariff.rates
    assert found.total == 900_000 * Decimal("0.000002") + 9 * Decimal("0.5")


@pytest.mark.parametrize("service", SERVICES[1:])
def test_services_have_their_own_rates_and_tiers(service: str) -> None:
    """A call in another service takes neither the tiers nor the hours of other calls."""
    hours = (Window(time(0), time(23), NIGHT),)
    tariff = Tariff(RATES, (Tier(10, LONG),), (Service(service, HALF, (Tier(20, LONGER),)),), hours)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert cost_of(tariff, Usage(20), at, service=service).rates == HALF
    above = cost_of(tariff, Usage(21), at, service=service)
    assert above.rates == LONGER
    assert above.lines[0].path == f"{service}.input>20"
    for other in SERVICES[1:]:
        if other != service:
            with pytest.raises(UnpricedUsage, match="is known"):
                cost_of(tariff, Usage(20), at, service=other)


@pytest.mark.parametrize("service", SERVICES[1:])
def test_a_service_without_tiers_states_nothing_of_long_calls(service: str) -> None:
    """Where standard calls have tiers, a call above the first bound in a service that has none is unpriced."""
    tariff = Tariff(RATES, (Tier(10, LONG), Tier(20, LONGER)), (Service(service, HALF),))
    assert cost_of(tariff, Usage(10), service=service).rates == HALF
    for tokens in (11, 21):
        with pytest.raises(UnpricedUsage, match="no price for input is known for calls of more than 10 tokens"):
            cost_of(tariff, Usage(tokens), service=service)


def test_a_service_has_the_standard_fees_unless_it_states_its_own() -> None:
    """A search costs in a batch what it costs elsewhere, and the line says which rate of the row it is."""
    standard = replace(RATES, web_search=Decimal("0.01"), per_call=Decimal("0.5"))
    batch = replace(HALF, per_call=Decimal("0.25"))
    found = cost_of(Tariff(standard, services=(Service("batch", batch),)), Usage(0, web_searches=3), service="batch")
    assert {line.path: line.amount for line in found.lines} == {
        "batch.per_call": Decimal("0.25"),
        "web_search": Decimal("0.03"),
    }


def test_a_region_multiplies_tokens_and_nothing_else() -> None:
    """A region's factor is on every token rate, not on searches; a region that is not known makes no guess."""
    tariff = Tariff(replace(RATES, web_search=Decimal("0.01")), regions=(("us", Decimal("1.1")),))
    usage = Usage(1_000, 10, web_searches=1)
    found = cost_of(tariff, usage, region="us")
    plain = cost_of(tariff, usage)
    assert found.region_factor == Decimal("1.1")
    assert found.input == plain.input * Decimal("1.1")
    assert found.output == plain.output * Decimal("1.1")
    assert found.counted == plain.counted
    assert cost_of(tariff, usage, region="global").total == plain.total
    with pytest.raises(UnpricedUsage, match="no price for region 'eu' is known"):
        cost_of(tariff, usage, region="eu")


@pytest.mark.parametrize(
    ("hour", "minute", "rates"),
    [(16, 29, RATES), (16, 30, NIGHT), (23, 59, NIGHT), (0, 0, NIGHT), (0, 29, NIGHT), (0, 30, RATES)],
)
def test_hours_of_the_day(booked: Callable[[Tariff], PriceBook], hour: int, minute: int, rates: Rates) -> None:
    """A window holds from its first minute to before its last, past midnight too, whatever zone an instant is in."""
    book = booked(Tariff(RATES, schedule=(Window(time(16, 30), time(0, 30), NIGHT),)))
    at = datetime(2026, 3, 2, hour, minute, tzinfo=UTC)
    for zone in (UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11))):
        found = book.call_cost("a", Usage(1), Terms(at.astimezone(zone)))
        assert found.rates == rates
        assert found.lines[0].path == ("schedule" if rates is NIGHT else "input")


@pytest.mark.parametrize(
    ("at", "peak"),
    [
        ("2026-09-24T08:59", False),  # A Thursday, in Beijing.
        ("2026-09-24T09:00", True),
        ("2026-09-24T11:59", True),
        ("2026-09-24T12:00", False),
        ("2026-09-25T10:00", False),  # Mid-autumn, a holiday.
        ("2026-09-26T10:00", False),  # A Saturday.
        ("2026-09-28T10:00", True),
        ("2026-10-07T10:00", False),
        ("2026-10-08T10:00", True),
    ],
)
def test_working_hours_of_another_country(at: str, peak: bool) -> None:
    """Weekdays, hours and holidays are those at the window's own offset, not those of UTC."""
    beijing = timezone(timedelta(hours=8))
    hours = Window(time(9), time(12), LONG, (1, 2, 3, 4, 5), 480, "cn")
    instant = datetime.fromisoformat(at).replace(tzinfo=beijing)
    for zone in (beijing, UTC, timezone(timedelta(hours=-10))):
        found = cost_of(Tariff(RATES, schedule=(hours,)), Usage(1), instant.astimezone(zone))
        assert found.rates == (LONG if peak else RATES)


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 3, 6, 23, tzinfo=UTC), True),  # A Friday.
        (datetime(2026, 3, 7, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 7, 2, tzinfo=UTC), False),
        (datetime(2026, 3, 7, 23, tzinfo=UTC), False),
        (datetime(2026, 3, 6, 1, tzinfo=UTC), False),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_on_which_it_began(at: datetime, holds: bool) -> None:
    """The night of Friday is a Friday's until it ends on Saturday; the early hours of Friday are Thursday's."""
    night = Window(time(22), time(2), NIGHT, (5,))
    assert (cost_of(Tariff(RATES, schedule=(night,)), Usage(1), at).rates == NIGHT) is holds


def test_the_last_window_of_several_holds() -> None:
    """A special hour that is listed behind a general one stands in for it."""
    tariff = Tariff(RATES, schedule=(Window(time(0), time(0), NIGHT), Window(time(9), time(12), LONG)))
    assert cost_of(tariff, Usage(1), datetime(2026, 3, 2, 10, tzinfo=UTC)).rates == LONG
    assert cost_of(tariff, Usage(1), datetime(2026, 3, 2, 12, tzinfo=UTC)).rates == NIGHT


def test_a_date_has_the_rates_of_most_of_the_day(booked: Callable[[Tariff], PriceBook]) -> None:
    """Without an hour the plain rates hold."""
    book = booked(Tariff(RATES, schedule=(Window(time(0), time(12), NIGHT),)))
    assert book.call_cost("a", Usage(1), Terms(DAY)).rates == RATES
