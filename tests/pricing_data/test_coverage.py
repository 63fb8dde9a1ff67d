"""How far back the packaged book reaches."""

from datetime import date

from pricing_data import PriceBook
from pricing_data.coverage import coverage
from pricing_data.model_releases import read_model_releases


def test_prices_reach_back_to_the_releases() -> None:
    """At least four of five priced models whose release is known have a price within a week of it."""
    found = coverage(PriceBook.from_package(), read_model_releases())
    assert found.released > 250
    assert found.since_release * 5 >= found.released * 4


def test_prices_reach_back_in_time() -> None:
    """Many models have a price on days long before the book was made, and more of them the later the day."""
    counts = coverage(PriceBook.from_package(), read_model_releases()).priced_on
    assert list(counts) == [date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1)]
    assert 100 < counts[date(2025, 1, 1)] < counts[date(2025, 7, 1)] < counts[date(2026, 1, 1)]
