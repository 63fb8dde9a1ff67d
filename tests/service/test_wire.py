"""JSON out: compact, and money as plain decimals."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire import encode


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("0.0000002"), b"0.0000002"),
        (18 * Decimal("0.000008"), b"0.000144"),
        (Decimal("2E-7"), b"0.0000002"),
        (Decimal("0.000"), b"0"),
        (Decimal(10), b"10"),
        ({"a": [None, True, 1, "é"]}, '{"a":[null,true,1,"é"]}'.encode()),
    ],
)
def test_golden_bytes(value: Decimal, expected: bytes) -> None:
    """Numbers are plain decimals without trailing zeros, and nothing stands between tokens."""
    assert encode(value) == expected


@given(st.decimals(min_value=0, max_value=10**9, places=12))
def test_a_decimal_survives_exactly(value: Decimal) -> None:
    """A number written and read back as Decimal is the same number, and is written without an exponent."""
    text = encode(value).decode()
    assert "e" not in text.lower()
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == value
