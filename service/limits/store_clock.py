"""The store's time, as this process knows it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class StoreClock:
    """Follows the store's clock by the instants in its replies.

    Between replies the host's monotonic clock carries it on; before the first, the host's own time
    is all there is. So a host with a wrong clock still knows the right month.
    """

    def __init__(
        self,
        monotonic_nanoseconds: Callable[[], int] = time.monotonic_ns,
        wall_nanoseconds: Callable[[], int] = time.time_ns,
    ) -> None:
        self._monotonic_nanoseconds = monotonic_nanoseconds
        self._offset_microseconds = wall_nanoseconds() // 1000 - self.monotonic_microseconds()

    def monotonic_microseconds(self) -> int:
        """A clock that never steps, for windows within this process."""
        return self._monotonic_nanoseconds() // 1000

    def follow(self, store_microseconds: int) -> None:
        """Take over the instant of a reply that has just come."""
        self._offset_microseconds = store_microseconds - self.monotonic_microseconds()

    def now_microseconds(self) -> int:
        """The store's time, in microseconds since 1970."""
        return self.at(self.monotonic_microseconds())

    def at(self, monotonic_microseconds: int) -> int:
        """Return the store's time at an instant of the monotonic clock."""
        return monotonic_microseconds + self._offset_microseconds

    def month(self) -> int:
        """The store's month as YYYYMM, in UTC."""
        return month_of(self.now_microseconds())


def month_of(microseconds: int) -> int:
    """Return the month of an instant since 1970 as YYYYMM, in UTC."""
    day = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return day.year * 100 + day.month


def seconds_to_next_month(microseconds: int) -> int:
    """Return the whole seconds from an instant since 1970 until the next month begins in UTC, rounded up."""
    day = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    year, month = (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) - microseconds // 1_000_000
