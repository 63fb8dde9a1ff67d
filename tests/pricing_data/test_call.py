"""What a whole call costs: on both sides of every bound, and never zero for want of a price."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_data import PriceBook, UnpricedUsage
from pricing_data.price import Price, Rates, Tariff, Tier, Window
from tests.pricing_data.conftest import price

DAY = date(2026, 3, 1)
RATES = Rates(Decimal("0.000002"), Decimal("0.000008"), Decimal("0.0000002"), Decimal("0.0000025"))
LONG = Rates(Decimal("0.000004"), Decimal("0.000012"), Decimal("0.0000004"), Decimal("0.000005"))
LONGER = Rates(Decimal("0.000006"), Decimal("0.000018"), Decimal("0.0000006"), Decimal("0.0000075"))
HALF = Rates(Decimal("0.000001"), Decimal("0.000004"), Decimal("0.0000001"))
NIGHT = Rates(Decimal("0.000001"), Decimal("0.000002"))


@pytest.fixture
def booked(book_of: Callable[..., PriceBook]) -> Callable[[Tariff], PriceBook]:
    """A book with one row of a tariff, for the model a."""
    return lambda tariff: book_of(replace(price("a", date(2026, 1, 1)), tariff=tariff))


def test_the_parts_of_a_call(booked: Callable[[Tariff], PriceBook]) -> None:
    """Cached and written tokens are taken out of the input; each part has its own rate, and the call its fee."""
    found = booked(Tariff(RATES, per_call=Decimal("0.014"))).call_cost(
        "a", 1000, 100, cached_input_tokens=600, cache_write_tokens=300, at=DAY
    )
    assert found.input == Decimal("0.0002") + Decimal("0.00012") + Decimal("0.00075")
    assert found.output == Decimal("0.0008")
    assert found.total == found.input + found.output + Decimal("0.014")
    assert found.price.model == "a"


def test_cached_tokens_without_a_rate_cost_as_input(booked: Callable[[Tariff], PriceBook]) -> None:
    """A seller without a price for its cache bills those tokens as any other; they are not free."""
    found = booked(Tariff(Rates(RATES.input))).call_cost("a", 10, cached_input_tokens=4, cache_write_tokens=3, at=DAY)
    assert found.total == 10 * Decimal("0.000002")


@pytest.mark.parametrize(
    ("tokens", "rates"),
    [(1, RATES), (200_000, RATES), (200_001, LONG), (500_000, LONG), (500_001, LONGER), (10**9, LONGER)],
)
def test_a_tier_holds_for_the_whole_call(booked: Callable[[Tariff], PriceBook], tokens: int, rates: Rates) -> None:
    """At its bound a call still has the lower rates; one token above, all its tokens have the higher ones."""
    book = booked(Tariff(RATES, (Tier(200_000, LONG), Tier(500_000, LONGER))))
    assert rates.input is not None
    assert rates.output is not None
    assert book.call_cost("a", tokens, 7, at=DAY).total == tokens * rates.input + 7 * rates.output


def test_batches_have_their_own_rates_and_tiers(booked: Callable[[Tariff], PriceBook]) -> None:
    """A batch takes neither the tiers nor the hours of other calls."""
    hours = (Window(time(0), time(23), NIGHT),)
    book = booked(Tariff(RATES, (Tier(10, LONG),), HALF, (Tier(20, LONGER),), hours))
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert book.call_cost("a", 20, batch=True, at=at).rates == HALF
    assert book.call_cost("a", 21, batch=True, at=at).rates == LONGER


@pytest.mark.parametrize(
    ("hour", "minute", "rates"),
    [(16, 29, RATES), (16, 30, NIGHT), (23, 59, NIGHT), (0, 0, NIGHT), (0, 29, NIGHT), (0, 30, RATES)],
)
def test_hours_of_the_day(booked: Callable[[Tariff], PriceBook], hour: int, minute: int, rates: Rates) -> None:
    """A window holds from its first minute to before its last, past midnight too, whatever zone an instant is in."""
    book = booked(Tariff(RATES, schedule=(Window(time(16, 30), time(0, 30), NIGHT),)))
    at = datetime(2026, 3, 2, hour, minute, tzinfo=UTC)
    for zone in (UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11))):
        assert book.call_cost("a", 1, at=at.astimezone(zone)).rates == rates


def test_a_date_has_the_rates_of_most_of_the_day(booked: Callable[[Tariff], PriceBook]) -> None:
    """Without an hour the plain rates hold."""
    book = booked(Tariff(RATES, schedule=(Window(time(0), time(12), NIGHT),)))
    assert book.call_cost("a", 1, at=DAY).rates == RATES


def test_an_instant_is_priced_on_its_utc_day(book_of: Callable[..., PriceBook]) -> None:
    """A change holds from midnight UTC, not from midnight somewhere else."""
    book = book_of(price("a", date(2026, 3, 1), "0.000002"), price("a", date(2026, 3, 2), "0.000003"))
    late = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert book.call_cost("a", 1, at=late).total == Decimal("0.000003")


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        ({"model": "b"}, "no price is known"),
        ({"at": date(2025, 12, 31)}, "its first price is from 2026-01-01"),
        ({"output_tokens": 1}, "no price for output"),
        ({"batch": True}, "no price for batches"),
        ({"input_tokens": -1}, "input_tokens must be"),
        ({"input_tokens": True}, "input_tokens must be"),
        ({"input_tokens": 1.5}, "input_tokens must be"),
        ({"output_tokens": -1}, "output_tokens must be"),
        ({"cached_input_tokens": 6, "cache_write_tokens": 5}, "more than the 10 input tokens"),
    ],
)
def test_what_cannot_be_priced_is_an_error(
    booked: Callable[[Tariff], PriceBook], usage: dict[str, Any], reason: str
) -> None:
    """An unknown model or price, or a usage that cannot be, raises with its reason; it never costs zero."""
    call = {"model": "a", "input_tokens": 10, "at": DAY, **usage}
    with pytest.raises(UnpricedUsage, match=reason):
        booked(Tariff(Rates(RATES.input))).call_cost(**call)


def test_an_instant_without_a_zone_is_refused(booked: Callable[[Tariff], PriceBook]) -> None:
    """Nobody can say which day it is."""
    with pytest.raises(ValueError, match="time zone"):
        booked(Tariff(RATES)).call_cost("a", 1, at=datetime(2026, 3, 1))


@pytest.fixture(scope="module")
def shipped() -> PriceBook:
    """The packaged book."""
    return PriceBook.from_package()


def by_hand(row: Price, tokens: int, output: int, cached: int) -> Fraction:
    """The cost of a call by fractions, the tiers looked up from the top."""
    rates = row.tariff.rates
    for tier in row.tariff.tiers[::-1]:
        if tokens > tier.above_tokens:
            rates = tier.rates
            break
    assert rates.input is not None
    dearer = Fraction(rates.input) * (tokens - cached)
    cheaper = Fraction(rates.cached_input or rates.input) * cached
    fee = Fraction(row.tariff.per_call or 0)
    return dearer + cheaper + Fraction(rates.output or 0) * output + fee


def test_both_sides_of_every_tier_of_the_book(shipped: PriceBook) -> None:
    """For each bound of each row a call at it and one token above it cost what fractions give."""
    bounds = 0
    for row in (row for row in shipped.rows if row.tariff.tiers):
        for tier in row.tariff.tiers:
            for tokens in (tier.above_tokens, tier.above_tokens + 1):
                found = shipped.call_cost(row.model, tokens, 999, cached_input_tokens=777, at=row.effective_from)
                assert Fraction(found.total) == by_hand(row, tokens, 999, 777), row
                bounds += 1
    assert bounds > 100


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.data())
def test_calls_are_exact(shipped: PriceBook, tokens: int, output: int, data: st.DataObject) -> None:
    """The cost of any call of any model is the sum of its products, unrounded."""
    row = data.draw(st.sampled_from([row for row in shipped.rows if row.output is not None]))
    cached = data.draw(st.integers(0, tokens))
    found = shipped.call_cost(row.model, tokens, output, cached_input_tokens=cached, at=row.effective_from)
    assert Fraction(found.total) == by_hand(row, tokens, output, cached)
