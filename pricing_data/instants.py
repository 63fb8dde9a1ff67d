"""Days and instants, in UTC."""

from datetime import UTC, date, datetime, time

# A day alone stands for its noon: of two prices in one day, the one that held longer.
NOON = time(12)


def instant_of(at: date) -> datetime:
    """Return an aware instant as it is, for a day (UTC) its noon. Raise ValueError for an instant without a zone."""
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
