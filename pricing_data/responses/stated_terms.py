"""The terms of a call as a caller or a provider states them: service tier, region and time."""

import re
from datetime import UTC, date, datetime
from typing import Any

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.price import STANDARD

# From 2015 to 2100: milliseconds, and what was never set, lie outside.
MIN_SECONDS, MAX_SECONDS = 1_420_070_400, 4_102_444_800
MAX_INSTANT_CHARACTERS = 40


SERVICE_OF = {
    "standard": STANDARD,
    "default": STANDARD,
    "on_demand": STANDARD,
    "batch": "batch",
    "flex": "flex",
    "on_demand_flex": "flex",
    "priority": "priority",
    "on_demand_priority": "priority",
    "performance": "priority",
    "fast": "fast",
    "ultrafast": "ultrafast",
}
# What is bought ahead has no price by the token.
BOUGHT_AHEAD = frozenset(("scale", "provisioned_throughput", "reserved"))
# Providers whose word means another service: Groq asks for flex what it asks for others.
MEANT_BY = {("groq", "flex"): STANDARD}
WORDS = "standard, default, batch, flex, priority, fast, ultrafast"


def service_of(word: Any, provider: str | None = None, path: str = "service_tier") -> str:
    """Return the service of `pricing_data.price.SERVICES` that a provider's word means; null is the standard one.

    Raise BadUsage for an unknown word, UnpricedProperty for one that has no price by the token.
    """
    if word is None:
        return STANDARD
    if not isinstance(word, str):
        raise BadUsage(path, f"must be a word, not {shown(word)}")
    known = word.lower()
    if found := MEANT_BY.get((provider or "", known)) or SERVICE_OF.get(known):
        return found
    if known in BOUGHT_AHEAD:
        raise UnpricedProperty(path, f"{shown(word)} is bought ahead, and has no price by the token")
    if known == "auto":
        raise UnpricedProperty(path, '"auto" does not say in which tier the call was processed')
    raise BadUsage(path, f"{shown(word)} is not a known tier; there are {WORDS}")


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


def instant_from(value: Any, path: str) -> datetime:
    """Return an instant from seconds since 1970, or from a text of ISO 8601 with a zone. Raise BadUsage."""
    if type(value) in (int, float) and MIN_SECONDS <= value <= MAX_SECONDS:
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str) and len(value) <= MAX_INSTANT_CHARACTERS:
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    raise BadUsage(path, f"{shown(value)} is no instant: seconds since 1970, or a time of ISO 8601 with a zone")
