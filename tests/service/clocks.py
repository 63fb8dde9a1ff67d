"""A clock that only a test advances."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)


class Clock:
    """A time of day and a monotonic time, which advance together."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return the time of day."""
        return self.time

    def monotonic(self) -> float:
        """Return the seconds since the clock was created."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Advance the time of day and the monotonic time."""
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds
