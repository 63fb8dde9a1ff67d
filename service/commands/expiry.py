"""When something ends, as it is written on the command line."""

from datetime import UTC, date, datetime, time, timedelta


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


def _instant(text: str, now: datetime) -> datetime | None:
    try:
        if text.isascii() and text.isdigit():
            return now + timedelta(days=int(text))
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except (ValueError, OverflowError):
        return None
