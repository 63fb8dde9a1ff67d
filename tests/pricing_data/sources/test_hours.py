"""Hours of a week as windows of a tariff."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_data.call import _covers
from pricing_data.price import Rates, Tariff, Window
from pricing_data.sources.hours import DAYS, MINUTES_A_WEEK, in_week, minute_of, scheduled, windows

DEAR, CHEAP = Rates(Decimal("0.000002")), Rates(Decimal("0.000001"))
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def held(found: tuple[Window, ...]) -> set[int]:
    """Return the minutes of a week in which a call is priced by one of the windows."""
    return {
        minute
        for minute in range(MINUTES_A_WEEK)
        if any(_covers(window, MONDAY + timedelta(minutes=minute)) for window in found)
    }


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


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1439), st.integers(0, 1439), st.sets(st.sampled_from(list(DAYS)), min_size=1, max_size=7)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_each_minute_of_the_week_has_its_rates(hours: list[tuple[int, int, set[int]]]) -> None:
    """Whichever rates the tariff itself has, those of each minute are the same; its own hold for most of the week."""
    minutes = {minute for starts, ends, weekdays in hours for minute in in_week(starts, ends, weekdays)}
    found = scheduled(Tariff(CHEAP), minutes, DEAR)
    in_windows = held(found.schedule)
    assert len(in_windows) * 2 <= MINUTES_A_WEEK
    assert {window.rates for window in found.schedule} <= {CHEAP, DEAR} - {found.rates}
    assert (in_windows if found.rates == CHEAP else set(range(MINUTES_A_WEEK)) - in_windows) == minutes


def test_times_are_read_to_the_minute() -> None:
    """As "HH:MM"."""
    assert minute_of("16:30") == 990
    with pytest.raises(ValueError, match="half past"):
        minute_of("half past four")
