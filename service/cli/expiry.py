"""When something ends, as it is written on the command line."""

import re
from datetime import UTC, date, datetime, time, timedelta

_DURATION = re.compile(r"([0-9]{1,4})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def parse(text: str, now: datetime) -> datetime:
    """So many days from now (`30`), or the first moment in UTC of a date (`2027-01-31`).

    Raises ValueError with a sentence if it is neither, or not to come.
    """
    at = _instant(text.strip(), now)
    if at is None:
        raise ValueError(f"{text!r} is neither a number of days nor a date such as 2027-01-31.")
    if at <= now:
        raise ValueError(f"{text!r} is not in the future.")
    return at


def parse_duration(text: str) -> timedelta:
    """`90m`, `12h` or `7d`; `0` is no time. Raises ValueError with a sentence for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if text.strip() != "0" and found is None:
        raise ValueError(f"{text!r} is not a time such as 90m, 12h or 7d.")
    return timedelta() if found is None else int(found[1]) * _UNITS[found[2]]


def _instant(text: str, now: datetime) -> datetime | None:
    try:
        if text.isascii() and text.isdigit():
            return now + timedelta(days=int(text))
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except (ValueError, OverflowError):
        return None
