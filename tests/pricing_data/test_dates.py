"""Public holidays of the calendars that come with the package."""

from datetime import date

import pytest

from pricing_data.dates import calendars, is_holiday


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2026, 1, 1), True),
        (date(2026, 2, 15), True),
        (date(2026, 2, 24), False),
        (date(2026, 9, 30), False),
        (date(2026, 10, 1), True),
        (date(2026, 10, 7), True),
        (date(2026, 10, 8), False),
    ],
)
def test_the_holidays_of_china(day: date, holiday: bool) -> None:
    """The days of the notice of the State Council for 2026, at their bounds."""
    assert is_holiday("cn", day) is holiday


def test_a_calendar_that_is_not_known() -> None:
    """A name without a calendar is an error, never a day without a holiday."""
    assert calendars() == {"cn"}
    with pytest.raises(KeyError):
        is_holiday("atlantis", date(2026, 1, 1))
