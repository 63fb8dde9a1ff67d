"""Money is whole micro-rupees, and what is shown of it never rounds up.

More calls: LEDGER_TEST_COSTS=1000000.
"""

import os
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing.money import MAX_MICRO_INR, TokenPrices, Tokens, parse_rupees, shown

TARIFF = TokenPrices(25, 100)
CALLS = int(os.environ.get("LEDGER_TEST_COSTS", "100000"))
TOKENS = st.builds(Tokens, st.integers(0, 10**9), st.integers(0, 10**9))


@pytest.mark.promise(27)
def test_many_costs_are_exact() -> None:
    """The sum of the costs of very many random calls equals the exact fraction of rupees, to the last digit."""
    dice = random.Random(27)
    total, exact = 0, Fraction()
    for _ in range(CALLS // 1000):
        inputs = outputs = 0
        for _ in range(1000):
            tokens = Tokens(dice.randrange(10**6), dice.randrange(10**5))
            total += TARIFF.cost(tokens)
            inputs, outputs = inputs + tokens.input, outputs + tokens.output
        exact += Fraction(25 * inputs + 100 * outputs, 10**6)
    assert Fraction(total, 10**6) == exact


@pytest.mark.promise(27)
@given(st.integers(0, MAX_MICRO_INR), st.integers(0, 6))
def test_amounts_are_shown_rounded_down(micro_inr: int, decimals: int) -> None:
    """The text has just so many decimals, is never above the amount, and less than one unit below it."""
    text = shown(micro_inr, decimals)
    assert len(text.partition(".")[2]) == decimals
    below = Fraction(micro_inr, 10**6) - Fraction(text)
    assert 0 <= below < Fraction(1, 10**decimals)


@pytest.mark.promise(27)
def test_literal_amounts() -> None:
    """The forms that the contract gives."""
    assert (shown(2_250, 6), shown(24_999_997_750, 4), shown(9_999_999, 4)) == ("0.002250", "24999.9977", "9.9999")
    assert (shown(0, 4), shown(0, 6), shown(1, 4)) == ("0.0000", "0.000000", "0.0000")


@pytest.mark.promise(25)
@given(TOKENS, TOKENS)
def test_what_is_charged_never_exceeds_the_hold(reported: Tokens, bound: Tokens) -> None:
    """Whatever an upstream reports, of each kind as many tokens are charged as it reports, up to those that were held:
    no answer is charged more output than its limit, however little input it had."""
    charged = TARIFF.within(reported, bound)
    assert TARIFF.cost(charged) <= TARIFF.cost(bound)
    assert charged.input == (min(reported.input, bound.input))
    assert charged.output == (min(reported.output, bound.output))


@given(st.integers(0, 10**6), st.integers(0, 10**9))
def test_the_largest_output_is_the_largest_that_fits(input_tokens: int, micro_inr: int) -> None:
    """One token more would cost more than there is."""
    largest = TARIFF.largest_output(input_tokens, micro_inr)
    assert largest is not None
    if largest:
        assert TARIFF.cost(Tokens(input_tokens, largest)) <= micro_inr
    assert TARIFF.cost(Tokens(input_tokens, largest + 1)) > micro_inr


@pytest.mark.parametrize(
    ("text", "micro_inr"), [("25000", 25_000_000_000), ("0.000001", 1), (" 1e3 ", 10**9), ("1.50", 1_500_000)]
)
def test_amounts_are_read(text: str, micro_inr: int) -> None:
    """Rupees as people write them become micro-rupees."""
    assert parse_rupees(text) == micro_inr


@pytest.mark.parametrize("text", ["", "ten", "0", "-1", "NaN", "Infinity", "0.0000001", "1e30"])
def test_amounts_that_are_none(text: str) -> None:
    """Anything but a positive amount of at most six decimals is refused with one sentence."""
    with pytest.raises(ValueError, match=r"\.$"):
        parse_rupees(text)
