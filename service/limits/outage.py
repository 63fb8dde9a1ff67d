"""What carries the limiter over an outage of the shared counters: the store's clock, the calls that are still to be
counted there, and the task that waits for the store to come back."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from service.limits.store import CountersUnreachable, RateLimitStore, UsageBooking
from service.runtime.background import OnFailure, ignore_failure, repeat

MAX_BOOKINGS_IN_A_BATCH = 256


class StoreClock:
    """Follows the store's clock by the instants in its replies.

    Between replies the host's monotonic clock continues it; before the first, the host's own time is used. So a host
    with a wrong clock still knows the right month.
    """

    def __init__(
        self,
        monotonic_nanoseconds: Callable[[], int] = time.monotonic_ns,
        wall_nanoseconds: Callable[[], int] = time.time_ns,
    ) -> None:
        self._monotonic_nanoseconds = monotonic_nanoseconds
        self._offset_microseconds = wall_nanoseconds() // 1000 - self.monotonic_microseconds()

    def monotonic_microseconds(self) -> int:
        """Return the time of a clock that never steps, for windows within this process."""
        return self._monotonic_nanoseconds() // 1000

    def follow(self, store_microseconds: int) -> None:
        """Take over the instant of a reply that has just been received."""
        self._offset_microseconds = store_microseconds - self.monotonic_microseconds()

    def now_microseconds(self) -> int:
        """Return the store's time, in microseconds since 1970."""
        return self.at(self.monotonic_microseconds())

    def at(self, monotonic_microseconds: int) -> int:
        """Return the store's time at an instant of the monotonic clock."""
        return monotonic_microseconds + self._offset_microseconds

    def month(self) -> int:
        """Return the store's month as YYYYMM, in UTC."""
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


@dataclass(slots=True)
class UncountedCalls:
    """What is open for one account: calls admitted in `month`, and a batch whose reply was never received."""

    month: int
    calls: int = 0
    lost_batch: int = 0


def ignore_booked(bookings: Sequence[UsageBooking]) -> None:
    """Do nothing with what is booked."""


class UnsyncedUsage:
    """Calls that were admitted while the store could not be reached, and the numbers of batches, which only rise.

    Calls of an account are open until they are put into a booking. A booking never changes again: if its reply is lost
    it is sent again as it was, so that the store can recognize it. Bookings are sent in order, and before any other
    request of their account. `on_booked` is called with those that the store has counted.
    """

    def __init__(self, on_booked: Callable[[Sequence[UsageBooking]], None] = ignore_booked) -> None:
        self._on_booked = on_booked
        self._last_batch = 0
        self._open: dict[str, UncountedCalls] = {}
        self._due: list[UsageBooking] = []

    @property
    def calls(self) -> int:
        """The calls that are not booked, as far as is known."""
        return sum(booking.calls for booking in self._due) + sum(one.calls for one in self._open.values())

    def next_batch(self) -> int:
        """Return a number higher than all before."""
        self._last_batch += 1
        return self._last_batch

    def lose_reply(self, account_ids: Iterable[str], batch: int, month: int) -> None:
        """Note that no reply to `batch` was received: these accounts are to be booked before anything else is sent."""
        for account_id in account_ids:
            self._of(account_id, month).lost_batch = batch

    def add(self, account_id: str, month: int) -> None:
        """Add a call that was admitted without the store. Calls of a month that is over are dropped."""
        open_calls = self._of(account_id, month)
        if month > open_calls.month:
            open_calls.month, open_calls.calls = month, 0
        open_calls.calls += 1

    def due(self) -> Sequence[UsageBooking]:
        """Return all bookings, in the order in which to send them."""
        if self._open:
            opened, self._open = self._open, {}
            for account_id, one in opened.items():
                batch = self.next_batch()
                self._due.append(UsageBooking(account_id, batch, one.calls, one.month, one.lost_batch))
        return tuple(self._due)

    def booked(self, bookings: Sequence[UsageBooking]) -> None:
        """Drop these, the first that were due: the store has counted them."""
        del self._due[: len(bookings)]
        if bookings:
            self._on_booked(bookings)

    def _of(self, account_id: str, month: int) -> UncountedCalls:
        return self._open.setdefault(account_id, UncountedCalls(month))


class Outage:
    """A circuit breaker. While it lasts only one task calls the store, for which no call waits.

    The task tries the store every `retry_after_seconds` and books usage. It ends the outage when the rest fits in one
    batch, and calls `on_end`: the rest must be booked before anything else. (To wait until nothing at all is unsynced
    could take for ever, as calls go on.)
    """

    def __init__(
        self,
        store: RateLimitStore,
        usage: UnsyncedUsage,
        retry_after_seconds: float,
        on_end: Callable[[], None],
        on_failure: OnFailure = ignore_failure,
    ) -> None:
        self.lasts = False
        self._store = store
        self._usage = usage
        self._retry_after_seconds = retry_after_seconds
        self._on_end = on_end
        self._on_failure = on_failure
        self._began_at_seconds = 0.0
        self._recovery: asyncio.Task[None] | None = None
        self._log = structlog.get_logger()

    def begin(self, reason: str) -> None:
        """Begin an outage, unless one lasts already: the store failed."""
        if not self.lasts:
            self.lasts = True
            self._began_at_seconds = time.monotonic()
            self._recovery = asyncio.get_running_loop().create_task(repeat("limits", self._recover, self._on_failure))
            self._log.warning("limits.store_lost", reason=reason)

    async def close(self) -> None:
        """Stop trying; book usage a last time if the store can be reached."""
        if self._recovery is None or not self.lasts:
            return
        self._recovery.cancel()
        await asyncio.wait([self._recovery])
        try:
            await self._book(at_most_left=0)
        except CountersUnreachable as fault:
            self._log.error("limits.calls_not_booked", calls=self._usage.calls, reason=fault.reason)

    async def _recover(self) -> bool:
        """Wait, then try once; return whether the outage is over."""
        await asyncio.sleep(self._retry_after_seconds)
        try:
            await self._book(at_most_left=MAX_BOOKINGS_IN_A_BATCH)
        except CountersUnreachable as fault:
            self._log.debug("limits.store_still_lost", reason=fault.reason)
            return False
        self.lasts = False
        self._log.info("limits.store_recovered", after_seconds=round(time.monotonic() - self._began_at_seconds, 3))
        self._on_end()
        return True

    async def _book(self, at_most_left: int) -> None:
        await self._store.reconnect()
        while len(due := self._usage.due()) > at_most_left:
            batch = due[:MAX_BOOKINGS_IN_A_BATCH]
            await self._store.book(batch)
            self._usage.booked(batch)
