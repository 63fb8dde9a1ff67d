"""When a call was made and in which region, as a person or a program states it."""

import re
from datetime import UTC, date, datetime

from pricing_data.responses.faults import BadUsage, shown
from pricing_data.responses.read import MAX_INSTANT_CHARACTERS

MAX_REGION_CHARACTERS = 100
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def instant_stated(value: object) -> date | None:
    """Return a day as it is, an instant in UTC, None for None. Raise BadUsage, which names `at` and the value."""
    if value is None:
        return None
    found = _parsed(value) if isinstance(value, str) else value
    if not isinstance(found, datetime):
        if isinstance(found, date):
            return found
        raise BadUsage("at", _no_instant(value))
    if found.tzinfo is None:
        named = value if isinstance(value, str) else found.isoformat()
        raise BadUsage("at", f"{shown(named)} has no time zone: end it with Z, or with +05:30")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise BadUsage("at", _no_instant(value)) from None


def region_stated(value: object) -> str | None:
    """Return the name of a region as it is, None for None. Raise BadUsage, which names `region` and the value."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_REGION_CHARACTERS:
        raise BadUsage("region", f"must be the name of a region, not {shown(value)}")
    return value


def _parsed(text: str) -> date | None:
    """Return the day or the instant in a text, None if it is neither."""
    if len(text) > MAX_INSTANT_CHARACTERS:
        return None
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        return None


def _no_instant(value: object) -> str:
    named = value.isoformat() if isinstance(value, date) else value
    return f'must be a day such as "2026-01-31", or an instant such as "2026-01-31T14:00:00Z", not {shown(named)}'
