"""Prices of models and exact costs of calls, from the price book of this package."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from pricing_data import Price, PriceBook
from pricing_data.rate_card import input_rate
from pricing_data.usage_pricing import PricedUsage, price_usage
from tokenizer_registry.names import Resolution
from weighbridge.arguments import check_name, instant
from weighbridge.counting import registry


@cache
def book() -> PriceBook:
    """Return the prices of this package, read once a process."""
    return PriceBook.from_package()


def price(model: str, at: date | None = None) -> Price | None:
    """Return the price of a model at a day or an aware instant, now without one; None if none is known.

    >>> import datetime
    >>> found = price("gpt-4o", datetime.date(2025, 1, 1))
    >>> found.input * 1_000_000, found.output * 1_000_000
    (Decimal('2.5000000'), Decimal('10.000000'))

    Raise UnknownModel with the nearest name, TypeError, and ValueError for an instant without a zone.
    """
    check_name(model, "price")
    return book().price(registry().names.resolve(model).model, instant(at))
