"""Days and instants in UTC, and the public holidays on which some schedules do not hold."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache

from pricing_data.data import DATA

# A day without a time is read as noon: of two prices on one day this picks the one in effect longer.
NOON = time(12)


def instant_of(at: date) -> datetime:
    """Return an aware instant unchanged, for a day (UTC) its noon. Raise ValueError for an instant without a zone."""
    if not isinstance(at, datetime):
        return datetime.combine(at, NOON, UTC)
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {at}")
    return at


def utc_day(at: date) -> date:
    """Return the day (UTC) of a date or an aware instant. Raise ValueError for an instant without a zone."""
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {at}")
    return at.astimezone(UTC).date()


def begin_of(at: date) -> datetime:
    """Return an aware instant in UTC, for a day its midnight (UTC)."""
    return at.astimezone(UTC) if isinstance(at, datetime) else datetime.combine(at, time(), UTC)


CALENDARS = DATA / "calendars.toml"


def is_holiday(calendar: str, day: date) -> bool:
    """Return whether a day, in the calendar's time zone, is a holiday. Raise KeyError for an unknown calendar."""
    return day in _calendars()[calendar]


def calendars() -> frozenset[str]:
    """Return the names of the known calendars."""
    return frozenset(_calendars())


@cache
def _calendars() -> Mapping[str, frozenset[date]]:
    raw = tomllib.loads(CALENDARS.read_text(encoding="utf-8"))["calendar"]
    return {entry["name"]: frozenset(entry["days"]) for entry in raw}


def begin_or_none(at: date | None) -> datetime | None:
    """Return `begin_of` a day or an instant, None for None."""
    return None if at is None else begin_of(at)
