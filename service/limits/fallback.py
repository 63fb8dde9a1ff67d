"""The limits while the shared counters cannot be reached: one allowance for all workers of a server together, by the
store's clock and the latest numbers from there."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from service.limits.account_table import (
    CALL_RECORDS,
    CELL_WORDS,
    MAX_TRIES,
    RECORD_WORDS,
    SECOND_MICROSECONDS,
    SETS,
    WAYS,
    AccountTable,
    TableSlot,
)
from service.limits.decision import Allowance, Decision
from service.limits.store import BrokenRecord, LimitRequest, UsageBooking

# Larger allowances are kept as sums over intervals, and calls are admitted up to one interval late.
INTERVAL_MICROSECONDS: Final = SECOND_MICROSECONDS // (CALL_RECORDS - 2)
MAX_CACHED_SLOTS: Final = 2 * SETS * WAYS


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


class CallsAt(NamedTuple):
    """A number of calls, none of them later than `at`, in microseconds of the monotonic clock."""

    at: int
    calls: int


class KnownUsage(NamedTuple):
    """The latest numbers of the shared counters for an account: its calls of the month and of the last second.

    They held at the instant `at` of the store's clock, and arrived before `heard_at` of the monotonic one.
    """

    at: int
    heard_at: int
    used: int
    recent: int


class LocalLimits:
    """Decides by the table of all workers.

    It has the newest numbers of the shared counters that any worker received, so neither the rate nor the quota starts
    again with an outage.
    """

    def __init__(self, table: AccountTable, clock: StoreClock) -> None:
        self._table = table
        self._words = table.words
        self._clock = clock
        self._slots: dict[str, TableSlot] = {}

    def note_all(self, requests: Sequence[LimitRequest], answers: Sequence[Decision | BrokenRecord]) -> None:
        """Keep the numbers of answers that have just arrived, and follow the store's clock by the last of them."""
        if answers and isinstance(answers[-1], Decision):
            self._clock.follow(answers[-1].decided_at_microseconds)
        now = self._clock.monotonic_microseconds()
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, Decision):
                self.note(request.account_id, answer, now)

    def note(self, account_id: str, answer: Decision, now: int) -> None:
        """Keep the numbers of an answer that arrived at the monotonic time `now`, without a lock or a new object."""
        slot = self._slots.get(account_id)
        if slot is None or self._words[slot.key_at] != slot.key:
            slot = self._find_slot(account_id, now)
        column, rate_left, quota_left = self._table.column, answer.rate_remaining, answer.quota_remaining
        if slot is None or column is None or rate_left is None or quota_left is None:
            return
        words, cell_at = self._words, slot.cells_at + column * CELL_WORDS
        words[cell_at + 1] = now
        words[cell_at + 2] = answer.allowance.calls_per_month - quota_left
        words[cell_at + 3] = answer.allowance.calls_per_second - rate_left
        words[cell_at] = answer.decided_at_microseconds

    def decide(self, request: LimitRequest, *, count_later: bool) -> Decision | None:
        """Decide on a call, and record it if it is admitted and counts; None if the table cannot be locked.

        With `count_later` the call counts against the quota too, until it is booked.
        """
        with self._table.locked() as is_locked:
            now = self._clock.monotonic_microseconds()
            slot = self._table.find_or_create(request.account_id, now) if is_locked else None
            return None if slot is None else self._decide_at(slot, request, count_later, now)

    def booked(self, bookings: Sequence[UsageBooking]) -> None:
        """Count these calls as known to the shared counters, no longer as unbooked."""
        store_now = self._clock.now_microseconds()
        for booking in bookings:
            with self._table.locked() as is_locked:
                slot = self._table.find(booking.account_id) if is_locked else None
                if slot is not None and booking.calls:
                    self._book(slot, booking, store_now)

    def _decide_at(self, slot: TableSlot, request: LimitRequest, count_later: bool, now: int) -> Decision:
        store_now = self._clock.at(now)
        allowance, month = request.allowance, month_of(store_now)
        known = self._known(slot)
        recent = self._recent(slot, known, now)
        rate_left = allowance.calls_per_second - sum(one.calls for one in recent)
        quota_left = allowance.calls_per_month - self._used(slot, known, month)
        refused_by: Literal["rate", "quota"] | None = (
            "quota" if quota_left <= 0 and count_later else "rate" if rate_left <= 0 else None
        )
        if refused_by is None and request.recorded:
            if count_later:
                self._add_unbooked(slot, month)
                quota_left -= 1
            self._record(slot, allowance, now)
            recent.append(CallsAt(now, 1))
            rate_left -= 1
        return Decision(
            admitted=refused_by is None,
            refused_by=refused_by,
            allowance=allowance,
            rate_remaining=max(rate_left, 0),
            rate_retry_after_seconds=-(-_wait_microseconds(recent, allowance, now) // SECOND_MICROSECONDS),
            quota_remaining=0 if refused_by == "quota" else None,
            quota_retry_after_seconds=0 if quota_left > 0 or not count_later else seconds_to_next_month(store_now),
            decided_at_microseconds=store_now,
        )

    def _find_slot(self, account_id: str, now: int) -> TableSlot | None:
        if len(self._slots) >= MAX_CACHED_SLOTS:
            self._slots.clear()
        with self._table.locked() as is_locked:
            slot = self._table.find_or_create(account_id, now, MAX_TRIES) if is_locked else None
        if slot is not None:
            self._slots[account_id] = slot
        return slot

    def _known(self, slot: TableSlot) -> KnownUsage:
        """Return the newest numbers that any worker has; all 0 if none has any."""
        end = slot.cells_at + self._table.columns * CELL_WORDS
        cells = self._words[slot.cells_at : end].tolist()
        return max(KnownUsage(*cells[at : at + CELL_WORDS]) for at in range(0, len(cells), CELL_WORDS))

    def _recent(self, slot: TableSlot, known: KnownUsage, now: int) -> list[CallsAt]:
        """Return the calls of the last second, of all workers and of the shared counters."""
        words = self._words[slot.record_at + 2 : slot.record_at + RECORD_WORDS].tolist()
        recent = [CallsAt(*words[at : at + 2]) for at in range(0, len(words), 2)]
        recent.append(CallsAt(known.heard_at, known.recent))
        return [one for one in recent if one.at > now - SECOND_MICROSECONDS and one.calls]

    def _used(self, slot: TableSlot, known: KnownUsage, month: int) -> int:
        """Return the calls of the month: those that the shared counters are known to have, and those not booked yet."""
        month_of_unbooked, unbooked = self._words[slot.record_at : slot.record_at + 2].tolist()
        return (known.used if month_of(known.at) == month else 0) + (unbooked if month_of_unbooked == month else 0)

    def _add_unbooked(self, slot: TableSlot, month: int) -> None:
        words, at = self._words, slot.record_at
        if words[at] != month:
            words[at + 1] = 0
            words[at] = month
        words[at + 1] += 1

    def _record(self, slot: TableSlot, allowance: Allowance, now: int) -> None:
        """Write an admitted call. Each write by itself leaves at least as many calls in the last second as there were.

        A call is added to the newest pair if that is of the same interval, or if all pairs are of the last second.
        """
        words, first = self._words, slot.record_at + 2
        times = words[first : first + 2 * CALL_RECORDS : 2].tolist()
        newest, oldest = times.index(max(times)), times.index(min(times))
        shares = allowance.calls_per_second > CALL_RECORDS
        joins = shares and times[newest] // INTERVAL_MICROSECONDS == now // INTERVAL_MICROSECONDS
        if joins or times[oldest] > now - SECOND_MICROSECONDS:
            words[first + 2 * newest] = now
            words[first + 2 * newest + 1] += 1
        else:
            words[first + 2 * oldest + 1] = 1
            words[first + 2 * oldest] = now

    def _book(self, slot: TableSlot, booking: UsageBooking, store_now: int) -> None:
        words, at = self._words, slot.record_at
        known = self._known(slot)
        if self._table.column is not None:
            used = booking.calls + (known.used if month_of(known.at) == booking.month else 0)
            cell_at = slot.cells_at + self._table.column * CELL_WORDS
            words[cell_at + 1], words[cell_at + 2], words[cell_at + 3] = known.heard_at, used, known.recent
            words[cell_at] = max(known.at, store_now)
        if words[at] == booking.month:
            words[at + 1] = max(words[at + 1] - booking.calls, 0)


def _wait_microseconds(recent: list[CallsAt], allowance: Allowance, now: int) -> int:
    """Return the time until a call is possible; 0 if one is."""
    over = sum(one.calls for one in recent) - allowance.calls_per_second
    for one in sorted(recent) if over >= 0 else ():
        over -= one.calls
        if over < 0:
            return one.at + SECOND_MICROSECONDS - now
    return 0
