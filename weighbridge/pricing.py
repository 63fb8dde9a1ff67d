"""Prices of models and exact costs of calls, from the price book of this package."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from corpus_cost.model_names import ModelNames
from pricing_data import Price, PriceBook, Terms
from pricing_data.named_prices import find_price
from pricing_data.usage_pricing import MARKS_OF_A_RESPONSE, PricedUsage, price_usage
from weighbridge.arguments import check_name, instant
from weighbridge.counting import registry


@cache
def names() -> ModelNames:
    """Return the finder of names and prices for the models and prices of this package, made once a process."""
    return ModelNames(registry(), PriceBook.from_package())


def price(model: str, at: date | None = None) -> Price | None:
    """Return the price of a model at a day or an aware instant, now without one; None if none is known.

    >>> import datetime
    >>> found = price("gpt-4o", datetime.date(2025, 1, 1))
    >>> str(found.input), str(found.output)
    ('0.0000025', '0.00001')

    A name that says a service or a region has their rates: `price("gpt-4o:batch")`. One that says that the price is not
    the model's own, such as one of a fine-tuned model, has none without a row of its own. Raise UnknownModel with the
    nearest name, TypeError, and ValueError for an instant without a zone.
    """
    check_name(model, "price")
    when = instant(at)
    registry().names.resolve(model)
    return find_price(names().book, names().resolve(model), Terms(when)).row


def cost(
    used: Any,
    model: str | None = None,
    *,
    provider: str | None = None,
    at: date | None = None,
    service_tier: str | None = None,
    region: str | None = None,
) -> PricedUsage:
    """Return the exact cost in USD of a call, with a line for each rate, from what its provider answered.

    `used` is a whole response or a usage object: a mapping, or an object of an official SDK. The terms of the call are
    those in the response; `at`, `service_tier` and `region` take precedence.

    >>> found = cost({"prompt_tokens": 1000, "completion_tokens": 200}, model="gpt-4o")
    >>> found.total, [(line.unit, line.count) for line in found.lines]
    (Decimal('0.00450000'), [('input', 1000), ('output', 200)])

    Without a `total`, `unpriced` says what has no price and why. Raise BadUsage for what cannot be read, and TypeError.
    """
    body = _mapping(used)
    is_response = not MARKS_OF_A_RESPONSE.isdisjoint(body)
    stated = {"provider": provider, "model": model, "at": _text(at), "service_tier": service_tier, "region": region}
    item = {"response" if is_response else "usage": body, **{key: value for key, value in stated.items() if value}}
    return price_usage(names().book, item, resolve=names().resolver())


def _mapping(used: Any) -> Mapping[str, Any]:
    """Return a response or usage as a mapping; objects of SDKs dump themselves. Raise TypeError."""
    if isinstance(used, Mapping):
        return used
    for method in ("model_dump", "to_dict"):
        if callable(dump := getattr(used, method, None)):
            return dict(dump())
    raise TypeError(f"pass a response or a usage as a dict or an SDK's object, not {type(used).__name__}")


def _text(at: date | None) -> str | None:
    return None if at is None else instant(at).isoformat()
