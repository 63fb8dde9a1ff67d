"""Rows that sum up calls: priced at the tier that they say, else at the lowest, which is said."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data import PriceBook
from pricing_data.usage import Terms, Usage
from pricing_data.usage_files.pricing_rows import ASSUMED_HOUR, ASSUMED_TIER, price_row
from pricing_data.usage_files.row import UsageRow
from tests.usage_book import usage_book

DAY = date(2026, 10, 5)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    return usage_book(tmp_path_factory.mktemp("book"))


def row(model: str, usage: Usage, calls: int | None = 1, long_context: bool | None = None) -> UsageRow:
    """Return a usage row of the tests' day."""
    return UsageRow(1, model, DAY, usage, Terms(DAY), calls, long_context)


@pytest.mark.parametrize(
    ("tokens", "calls", "long_context", "usd", "assumed"),
    [
        (300_000, 1, None, "1.8", ()),
        (200_000, 1, None, "0.6", ()),
        (200_000, 9, None, "0.6", ()),
        (300_000, 9, None, "0.9", (ASSUMED_TIER,)),
        (300_000, None, None, "0.9", (ASSUMED_TIER,)),
        (300_000, 9, True, "1.8", ()),
        (300_000, 9, False, "0.9", ()),
    ],
)
def test_the_tier_of_calls_that_are_summed_up(
    book: PriceBook, tokens: int, calls: int | None, long_context: bool | None, usd: str, assumed: tuple[str, ...]
) -> None:
    """No assumption is made where all calls together are below the first tier."""
    found = price_row(book, row("claude-sonnet-4-5", Usage(tokens), calls, long_context))
    assert (found.total.usd, found.assumed) == (Decimal(usd), assumed)


def test_a_day_without_an_hour_is_an_assumption_where_prices_have_hours(book: PriceBook) -> None:
    assert price_row(book, row("deepseek-v4-flash", Usage(5))).assumed == (ASSUMED_HOUR,)


def test_a_fee_for_each_call_needs_their_number(book: PriceBook) -> None:
    assert price_row(book, row("search-model", Usage(0, requests=3), 3)).total.usd == Decimal("0.015")
    unknown = price_row(book, row("search-model", Usage(0), None))
    assert unknown.total.reason == "each call has a fee, and the number of calls is not known"


def test_more_than_a_call_can_have_is_refused_unless_it_may_be_many_calls(tmp_path: Path, book: PriceBook) -> None:
    much = Usage(1_000_000_001)
    reason = price_row(book, row("gpt-4o", much)).total.reason
    assert reason == "input_tokens must be at most 1,000,000,000, not 1,000,000,001"
    assert price_row(book, row("gpt-4o", Usage(1_000_000_001, requests=2), 2)).total.usd is not None
