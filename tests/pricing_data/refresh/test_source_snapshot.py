"""Amounts of a source are converted exactly, or refused with the reason."""

from decimal import Decimal

import pytest

from pricing_data.refresh.source_snapshot import AmountReader


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Decimal(-1), "not above zero"),
        (Decimal(0), "not above zero"),
        (Decimal("NaN"), "not a finite number"),
        (Decimal("Infinity"), "not a finite number"),
        (Decimal("0.0000001"), "more than 12 decimals"),
        (Decimal(1001), "above 0.001"),
        (0.5, "not an exact number"),
        (True, "not an exact number"),
        ("a lot", "not an exact number"),
    ],
)
def test_amounts_are_refused(value: object, reason: str) -> None:
    """An amount per million tokens that cannot be an exact price is left out and listed."""
    amounts = AmountReader("p")
    assert amounts.per_mtok("k", "input", value) is None
    assert [(fault.key, fault.field) for fault in amounts.faults] == [("k", "input")]
    assert reason in amounts.faults[0].reason


def test_amounts_are_exact() -> None:
    """An amount per million tokens becomes one per token without rounding; an absent one stays absent."""
    amounts = AmountReader("p")
    assert amounts.per_mtok("k", "input", Decimal("0.0375")) == Decimal("0.0000000375")
    assert amounts.per_mtok("k", "input", None) is None
    assert amounts.faults == []
