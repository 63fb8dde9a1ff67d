"""Hours of a week as windows of a tariff."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_data.price import Rates, Tariff
from pricing_data.rate_card import rates_at
from pricing_data.refresh.sources.hours import DAYS, MINUTES_A_WEEK, in_week, minute_of, scheduled, windows
from pricing_data.usage import Terms
from tests.pricing_data.conftest import price

DEAR, CHEAP = Rates(Decimal("0.000002")), Rates(Decimal("0.000001"))
QUARTER = 15
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def rates_of_each_quarter(tariff: Tariff) -> list[Rates]:
    """Return what a call is priced at in each quarter of an hour of a week."""
    row = replace(price(), tariff=tariff)
    instants = (MONDAY + timedelta(minutes=minute) for minute in range(0, MINUTES_A_WEEK, QUARTER))
    return [rates_at(row, 1, Terms(at)) for at in instants]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (set(in_week(60, 240)), [(time(1), time(4), ())]),
        (set(in_week(990, 30)), [(time(16, 30), time(0, 30), ())]),
        (set(in_week(0, 0, (6, 7))), [(time(0), time(0), (6, 7))]),
        (
            set(in_week(600, 0, (5,))) | set(in_week(0, 0, (6, 7))),
            [(time(0), time(0), (6, 7)), (time(10), time(0), (5,))],
        ),
        (set(range(MINUTES_A_WEEK)), [(time(0), time(0), ())]),
        (set(), []),
    ],
)
def test_the_same_hours_of_several_days_are_one_window(
    minutes: set[int], expected: list[tuple[time, time, tuple[int, ...]]]
) -> None:
    """A run of more than a day is cut at midnight."""
    assert [(window.starts, window.ends, window.weekdays) for window in windows(minutes, DEAR)] == expected


QUARTERS = st.integers(0, 95).map(lambda quarter: quarter * QUARTER)


@given(
    st.lists(st.tuples(QUARTERS, QUARTERS, st.sets(st.sampled_from(list(DAYS)), min_size=1)), min_size=1, max_size=3)
)
def test_each_moment_of_the_week_has_its_rates(hours: list[tuple[int, int, set[int]]]) -> None:
    """Whichever rates the tariff itself has, those of each moment are the same; its own hold for most of the week."""
    minutes = {minute for starts, ends, weekdays in hours for minute in in_week(starts, ends, weekdays)}
    found = scheduled(Tariff(CHEAP), minutes, DEAR)
    priced = rates_of_each_quarter(found)
    assert priced == [DEAR if minute in minutes else CHEAP for minute in range(0, MINUTES_A_WEEK, QUARTER)]
    assert priced.count(found.rates) * 2 >= len(priced)


def test_times_are_read_to_the_minute() -> None:
    """A time is "HH:MM"; any other form is an error that names it."""
    assert minute_of("16:30") == 990
    with pytest.raises(ValueError, match="half past"):
        minute_of("half past four")
