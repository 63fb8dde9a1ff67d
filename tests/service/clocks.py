"""Time that passes when a test says so."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)


class Clock:
    """The time of day and a monotonic clock, which move together."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return the time of day."""
        return self.time

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Advance the time of day and the monotonic time."""
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds
