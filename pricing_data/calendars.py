"""Public holidays, on which some providers' hours do not hold."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

CALENDARS = Path(__file__).with_name("calendars.toml")


def is_holiday(calendar: str, day: date) -> bool:
    """Return whether a day is a holiday of a calendar, in its own time zone. Raise KeyError for no calendar."""
    return day in _calendars()[calendar]


def calendars() -> frozenset[str]:
    """Return the names of the known calendars."""
    return frozenset(_calendars())


@cache
def _calendars() -> Mapping[str, frozenset[date]]:
    raw = tomllib.loads(CALENDARS.read_text(encoding="utf-8"))["calendar"]
    return {entry["name"]: frozenset(entry["days"]) for entry in raw}
