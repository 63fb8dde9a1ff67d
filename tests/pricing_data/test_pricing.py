"""Counts to a cost: the lines name their rates, and what has no price has its reason."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pricing_data import PriceBook
from pricing_data.book.row_writing import instant_text
from pricing_data.pricing import price_counts
from pricing_data.usage import Terms, Usage

DAY = date(2026, 10, 1)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.from_package()


def test_each_line_names_its_rate_and_row_and_the_lines_add_up(book: PriceBook) -> None:
    priced = price_counts(book, "gpt-4o", Usage(1_000, 100, cached_input_tokens=500), Terms(DAY))
    assert [(line.unit, line.count, line.path) for line in priced.lines] == [
        ("input", 500, "input"),
        ("cached_input", 500, "cached_input"),
        ("output", 100, "output"),
    ]
    assert priced.total == sum(line.amount for line in priced.lines) == Decimal("0.002875")
    assert priced.reason is None
    assert priced.price is not None
    row = priced.price
    assert {line.row for line in priced.lines} == {f"gpt-4o@{instant_text(row.effective_from, row.effective_at)}"}
    assert priced.lines[0].source == row.source


@pytest.mark.parametrize(
    ("model", "usage", "terms", "reason"),
    [
        ("gpt-x", Usage(1), Terms(DAY), "no price of gpt-x is known"),
        ("gpt-4o", Usage(1), Terms(date(2020, 1, 1)), "no price is known on 2020-01-01; its first price is from"),
        ("gpt-4o", Usage(1), Terms(datetime(2026, 1, 1)), "an instant needs a time zone"),
        ("gpt-4o", Usage(1, 2, 3), Terms(DAY), "3 cached and 0 written tokens are more than the 1 input tokens"),
        ("gpt-4o", Usage(1), Terms(DAY, "slow"), "no price for service tier 'slow' is known"),
        ("gpt-4o", Usage(1), Terms(DAY, region="moon"), "no price for region 'moon' is known"),
        ("gpt-4o", Usage(1, web_searches=3), Terms(datetime(2024, 1, 1, tzinfo=UTC)), "no price"),
    ],
)
def test_what_cannot_be_priced_has_its_reason_and_no_total(
    book: PriceBook, model: str, usage: Usage, terms: Terms, reason: str
) -> None:
    priced = price_counts(book, model, usage, terms)
    assert priced.total is None
    assert priced.lines == ()
    assert priced.reason is not None
    assert priced.reason.startswith(reason)
