"""Numbers as people write them: "2M", "500k", "1.5k", "40%"."""

import re
from decimal import Decimal

from pricing_data.responses.faults import BadUsage, shown

_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([kmb]?)", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_WHOLE_PERCENT = 100


def whole_number(name: str, value: object, largest: int) -> int:
    """Return a count, given as a whole number or as a text such as "2M". Raise BadUsage, which names it."""
    number = _number(value) if isinstance(value, str) else value
    if type(number) is not int or number < 0:
        raise BadUsage(name, f'must be a whole number, 0 or more, or a text such as "2M", "500k", not {shown(value)}')
    if number > largest:
        raise BadUsage(name, f"must be at most {largest:,}, not {shown(value)}")
    return number


def part_of(name: str, value: object, whole: int, largest: int) -> int:
    """Return a count that is given as one, or as a share of a whole such as "40%", rounded down. Raise BadUsage."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return whole_number(name, value, largest)
    share = Decimal(found[1])
    if share > _WHOLE_PERCENT:
        raise BadUsage(name, f"must be at most 100%, not {shown(value)}")
    top, bottom = share.as_integer_ratio()
    return whole * top // (bottom * _WHOLE_PERCENT)


def _number(text: str) -> int | None:
    """Return the whole number that a text stands for, None if it stands for none."""
    found = _QUANTITY.fullmatch(text.replace("_", ""))
    if found is None:
        return None
    top, bottom = (Decimal(found[1]) * _TIMES[found[2].lower()]).as_integer_ratio()
    return top if bottom == 1 else None
