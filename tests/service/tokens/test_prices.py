"""The API's prices of all models."""

import json
import re
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_data import PriceBook, cost
from service.http import json as service_json
from service.tokens.prices import price_history

BOOK = PriceBook.from_package()
EXPONENT = re.compile(rb":-?[0-9.]+[eE]")


def test_no_history_has_an_exponent() -> None:
    """Each model's history is JSON with plain decimals, and its last price is the current one."""
    for model in BOOK.histories:
        text = service_json.encode(price_history(BOOK, model, BOOK.refreshed_at))
        assert not EXPONENT.search(text), model
        assert json.loads(text)["current"] is not None, model


@settings(max_examples=20)
@given(tokens=st.integers(0, 10**9))
def test_no_cost_has_an_exponent(tokens: int) -> None:
    """The cost of any count under any row is written without exponent, and reads back as the exact product."""
    for row in BOOK.rows:
        assert row.input is not None
        text = service_json.encode({"token_cost": cost(tokens, row.input)})
        assert not EXPONENT.search(text)
        assert json.loads(text, parse_float=Decimal)["token_cost"] == tokens * row.input
