"""What is wrong with a usage that a provider is said to have reported. Each fault names a property, and its value."""

import json
from typing import Any

from pricing_data.errors import PricingError

MAX_SHOWN_CHARACTERS = 80


class BadUsage(PricingError):
    """A usage, a response or its terms that cannot be read: `property` is at fault, `reason` says why."""

    def __init__(self, property_path: str, reason: str) -> None:
        self.property = property_path
        self.reason = reason
        super().__init__(f"{property_path}: {reason}")


class UnpricedProperty(BadUsage):
    """A property that can be read, but for which no price is known: the cost of the whole is unknown."""


def shown(value: Any) -> str:
    """Return a value as it may stand in a sentence: on one line, escaped, cut after 80 characters."""
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        return json.dumps(value[:MAX_SHOWN_CHARACTERS]) + ("…" if len(value) > MAX_SHOWN_CHARACTERS else "")
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)[:MAX_SHOWN_CHARACTERS]
