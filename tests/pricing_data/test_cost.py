"""The multiplication and the plain form, against a slow reference."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_data import PriceBook, cost, plain

amounts = st.decimals(min_value=0, max_value=1000, places=12)


def test_cost_of_the_published_example() -> None:
    """18 tokens at 0.000008 are 0.000144, to the byte."""
    assert plain(cost(18, Decimal("0.000008"))) == "0.000144"


def test_cost_where_a_float_is_wrong() -> None:
    """13 tokens at 0.0000002 are 0.0000026, where binary floats give 2.5999999999999997e-06."""
    assert plain(cost(13, Decimal("0.0000002"))) == "0.0000026"


@given(tokens=st.integers(min_value=0, max_value=10**40), price=amounts)
def test_cost_is_exact(tokens: int, price: Decimal) -> None:
    """A cost equals the product of fractions, however many digits it needs."""
    assert Fraction(cost(tokens, price)) == tokens * Fraction(price)


@pytest.fixture(scope="module")
def shipped() -> PriceBook:
    """Return the price book of the package."""
    return PriceBook.from_package()


@settings(max_examples=30)
@given(tokens=st.integers(min_value=0, max_value=10**9))
def test_cost_is_exact_for_every_row_of_the_book(shipped: PriceBook, tokens: int) -> None:
    """No price that ships is rounded when it is multiplied, and every cost prints plainly."""
    for row in shipped.rows:
        assert row.input is not None
        spent = cost(tokens, row.input)
        assert Fraction(spent) == tokens * Fraction(row.input), row.model
        assert "e" not in plain(spent).lower(), row.model


@pytest.mark.parametrize("bad", ["-0.1", "NaN", "Infinity", "sNaN"])
def test_cost_refuses_what_is_no_price(bad: str) -> None:
    """A negative or non-finite price is refused, not multiplied."""
    with pytest.raises(ValueError, match="not a price"):
        cost(1, Decimal(bad))


def test_cost_refuses_a_negative_count() -> None:
    """A count below zero would pay the caller; it is refused."""
    with pytest.raises(ValueError, match="-1"):
        cost(-1, Decimal("0.1"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2E-7", "0.0000002"),
        ("0.00000052", "0.00000052"),
        ("0.0000010", "0.000001"),
        ("0", "0"),
        ("0E-12", "0"),
        ("-0", "0"),
        ("1E+3", "1000"),
        ("10.500", "10.5"),
        ("100", "100"),
    ],
)
def test_plain_form(value: str, text: str) -> None:
    """Amounts print without exponent, trailing zeros or a bare point."""
    assert plain(Decimal(value)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_plain_round_trips(value: Decimal) -> None:
    """The plain form has no exponent and reads back as the same number."""
    assert "e" not in plain(value).lower()
    assert Decimal(plain(value)) == value


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_plain_refuses_what_is_not_finite(bad: str) -> None:
    """No JSON number may ever be NaN or infinite."""
    with pytest.raises(ValueError, match="not a finite amount"):
        plain(Decimal(bad))
