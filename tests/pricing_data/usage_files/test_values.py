"""Cells of usage files: exact numbers in every usual way of writing, a sentence with name and value for others."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pricing_data.usage_files import values
from pricing_data.usage_files.row import UnreadableRow


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [
        ("1000", False, 1000),
        ("1000.0", False, 1000),
        (1000.0, False, 1000),
        (Decimal("1000.0"), False, 1000),
        ("1,234,567", False, 1_234_567),
        ("1 234 567", False, 1_234_567),
        ("1'234'567", False, 1_234_567),
        ("1.234.567", True, 1_234_567),
        ("1.234", True, 1234),
        ("1000,0", True, 1000),
        ("1e3", False, 1000),
    ],
)
def test_a_count_is_whole_however_it_is_written(text: object, comma: bool, number: int) -> None:
    assert values.count("input_tokens", text, decimal_comma=comma) == number


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("many", "input_tokens 'many' is not a whole number"),
        ("1.5", "input_tokens 1.5 is not a whole number"),
        ("1,5", "input_tokens '1,5' is not a whole number"),
        ("-5", "input_tokens -5 is below 0"),
        (-5, "input_tokens -5 is below 0"),
        ("1e999", "input_tokens 1e999 is not a whole number"),
        ("9" * 5000, f"input_tokens '{'9' * 40}…' is not a whole number"),
        ("٣", "input_tokens '٣' is not a whole number"),
        (True, "input_tokens 'True' is not a whole number"),
    ],
)
def test_what_is_no_count_is_named_with_its_value(text: object, sentence: str) -> None:
    with pytest.raises(UnreadableRow) as caught:
        values.count("input_tokens", text)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "comma", "amount"),
    [
        ("0.0035", False, "0.0035"),
        ("$1,234.50", False, "1234.50"),
        ("1.2e-05", False, "0.000012"),
        ("1.234,50 €", True, "1234.50"),
        ("0,0125", True, "0.0125"),
        ("0.0125", True, "0.0125"),
        ("-0.5", False, "-0.5"),
        (0.1, False, "0.1"),
    ],
)
def test_an_amount_is_exact(text: object, comma: bool, amount: str) -> None:
    assert values.amount("cost_usd", text, decimal_comma=comma) == Decimal(amount)


@pytest.mark.parametrize("text", ["free", "NaN", "1e999", "1,2,3", "Infinity"])
def test_what_is_no_amount_is_named(text: str) -> None:
    with pytest.raises(UnreadableRow, match=f"cost_usd .*{text}.* is not a number"):
        values.amount("cost_usd", text)


def test_an_amount_that_can_be_read_in_two_ways_is_not_guessed() -> None:
    with pytest.raises(UnreadableRow, match=r"cost_usd 1\.234 can be read in two ways; --decimal says which"):
        values.amount("cost_usd", "1.234", decimal_comma=True)


NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-05", date(2026, 10, 5)),
        ("2026-10-05T12:00:00Z", NOON),
        ("2026-10-05T14:00:00+02:00", NOON),
        ("2026-10-05 12:00", NOON),
        ("2026-10-05 12:00:00 UTC", NOON),
        ("1791201600", NOON),
        ("1791201600000", NOON),
        (1791201600, NOON),
        (datetime(2026, 10, 5, 12), NOON),
        (date(2026, 10, 5), date(2026, 10, 5)),
    ],
)
def test_a_moment_is_a_day_or_an_instant_in_utc(text: object, moment: date) -> None:
    assert values.moment("date", text) == moment


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "05.10.2026", "99999999999999", "123456789012"])
def test_what_is_no_moment_is_named(text: str) -> None:
    with pytest.raises(UnreadableRow, match=f"date .*{text}.* is neither a date nor an instant"):
        values.moment("date", text)


def test_a_bucket_of_an_hour_has_an_instant_and_one_of_a_day_has_none() -> None:
    begins = datetime(2026, 10, 5, tzinfo=UTC)
    assert values.bucket(begins, datetime(2026, 10, 5, 1, tzinfo=UTC)) == begins
    assert values.bucket(begins, datetime(2026, 10, 6, tzinfo=UTC)) == date(2026, 10, 5)
    assert values.bucket(begins, None) == date(2026, 10, 5)


@pytest.mark.parametrize("word", ["scale", "auto", "reserved", "x"])
def test_a_tier_without_a_price_is_named(word: str) -> None:
    """ "auto" is what was asked for, and does not say how the call was processed."""
    with pytest.raises(UnreadableRow, match=f"service_tier '{word}' has no known price"):
        values.service("service_tier", word)
