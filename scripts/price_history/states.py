"""The price fields of every entry of one release, under the source's own names, numbers as decimal strings."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a source in one release: who sells it, and its price fields."""

    provider: str
    fields: Mapping[str, Json]


State: TypeAlias = Mapping[str, Entry]


def digits(number: Decimal | int) -> str:
    """Return a number as a plain decimal string; the same number always gives the same string."""
    value = Decimal(number)
    if not value.is_finite():
        raise ValueError(f"{number} is not an amount")
    return format(value.normalize(), "f") if value else "0"
