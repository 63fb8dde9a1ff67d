"""The limits while the shared counters are away: one allowance for all workers of a server together."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from service.limits.account_table import (
    CELL_WORDS,
    ENTRIES,
    MAX_TRIES,
    RECORD_WORDS,
    SECOND,
    SETS,
    WAYS,
    AccountTable,
    Place,
)
from service.limits.decision import Allowance, Decision
from service.limits.store import Call, Settlement
from service.limits.store_clock import StoreClock, month_of, seconds_to_next_month

# Allowances of more calls are kept as sums over intervals: they are granted up to one interval late.
INTERVAL_MICROSECONDS: Final = SECOND // (ENTRIES - 2)
MAX_PLACES: Final = 2 * SETS * WAYS


class Entry(NamedTuple):
    """So many calls, none of them later than `at`."""

    at: int
    calls: int


class Known(NamedTuple):
    """What the shared counters said last of an account: its calls of the month and of the last second.

    They said it at the instant `at` of their own clock, and before `heard_at` of the monotonic one.
    """

    at: int
    heard_at: int
    used: int
    recent: int


class LocalLimits:
    """Decides with the table of all workers.

    Of calls that the shared counters admitted it knows what their newest answer to any worker said, so neither the
    rate nor the quota begins anew with an outage.
    """

    def __init__(self, table: AccountTable, clock: StoreClock) -> None:
        self._table = table
        self._words = table.words
        self._clock = clock
        self._places: dict[str, Place] = {}

    def note(self, account_id: str, answer: Decision, now: int) -> None:
        """Keep what the shared counters said by the monotonic time `now`. For each call: no lock, no new object."""
        place = self._places.get(account_id)
        if place is None or self._words[place.key_at] != place.key:
            place = self._noted_place(account_id, now)
        column, rate_left, quota_left = self._table.column, answer.rate_remaining, answer.quota_remaining
        if place is None or column is None or rate_left is None or quota_left is None:
            return
        words, cell_at = self._words, place.cells_at + column * CELL_WORDS
        words[cell_at + 1] = now
        words[cell_at + 2] = answer.allowance.calls_per_month - quota_left
        words[cell_at + 3] = answer.allowance.calls_per_second - rate_left
        words[cell_at] = answer.decided_at_microseconds

    def decide(self, call: Call, *, owed: bool) -> Decision | None:
        """Decide on a call, and record it if it is admitted and counts; None if the table cannot be had.

        A call that is `owed` counts against the quota too, until it is booked.
        """
        with self._table.locked() as is_locked:
            now = self._clock.monotonic_microseconds()
            place = self._table.found_or_made(call.account_id, now) if is_locked else None
            return None if place is None else self._decided(place, call, owed, now)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """These calls are booked with the shared counters: they count as known, not as unbooked any more."""
        store_now = self._clock.now_microseconds()
        for settlement in settlements:
            with self._table.locked() as is_locked:
                place = self._table.find(settlement.account_id) if is_locked else None
                if place is not None and settlement.calls:
                    self._book(place, settlement, store_now)

    def _decided(self, place: Place, call: Call, owed: bool, now: int) -> Decision:
        store_now = self._clock.at(now)
        allowance, month = call.allowance, month_of(store_now)
        known = self._known(place)
        entries = self._recent(place, known, now)
        rate_left = allowance.calls_per_second - sum(entry.calls for entry in entries)
        quota_left = allowance.calls_per_month - self._used(place, known, month)
        refused_by: Literal["rate", "quota"] | None = (
            "quota" if quota_left <= 0 and owed else "rate" if rate_left <= 0 else None
        )
        if refused_by is None and call.recorded:
            if owed:
                self._owe(place, month)
                quota_left -= 1
            self._record(place, allowance, now)
            entries.append(Entry(now, 1))
            rate_left -= 1
        return Decision(
            admitted=refused_by is None,
            refused_by=refused_by,
            allowance=allowance,
            rate_remaining=max(rate_left, 0),
            rate_retry_after_seconds=-(-_wait_microseconds(entries, allowance, now) // SECOND),
            quota_remaining=0 if refused_by == "quota" else None,
            quota_retry_after_seconds=0 if quota_left > 0 or not owed else seconds_to_next_month(store_now),
            decided_at_microseconds=store_now,
        )

    def _noted_place(self, account_id: str, now: int) -> Place | None:
        if len(self._places) >= MAX_PLACES:
            self._places.clear()
        with self._table.locked() as is_locked:
            place = self._table.found_or_made(account_id, now, MAX_TRIES) if is_locked else None
        if place is not None:
            self._places[account_id] = place
        return place

    def _known(self, place: Place) -> Known:
        """The newest of what the workers know; all 0 if no worker knows anything."""
        end = place.cells_at + self._table.columns * CELL_WORDS
        cells = self._words[place.cells_at : end].tolist()
        return max(Known(*cells[at : at + CELL_WORDS]) for at in range(0, len(cells), CELL_WORDS))

    def _recent(self, place: Place, known: Known, now: int) -> list[Entry]:
        """The calls of the last second, of all workers and of the shared counters."""
        words = self._words[place.record_at + 2 : place.record_at + RECORD_WORDS].tolist()
        entries = [Entry(*words[at : at + 2]) for at in range(0, len(words), 2)]
        entries.append(Entry(known.heard_at, known.recent))
        return [entry for entry in entries if entry.at > now - SECOND and entry.calls]

    def _used(self, place: Place, known: Known, month: int) -> int:
        """The calls of the month: those that the shared counters are known to hold, and those not booked yet."""
        owed_month, owed = self._words[place.record_at : place.record_at + 2].tolist()
        return (known.used if month_of(known.at) == month else 0) + (owed if owed_month == month else 0)

    def _owe(self, place: Place, month: int) -> None:
        words, at = self._words, place.record_at
        if words[at] != month:
            words[at + 1] = 0
            words[at] = month
        words[at + 1] += 1

    def _record(self, place: Place, allowance: Allowance, now: int) -> None:
        """Write an admitted call. Each write by itself leaves at least as many calls in the last second as there were.

        A call joins the newest entry if that is of the same interval, or if no entry is over.
        """
        words, first = self._words, place.record_at + 2
        times = words[first : first + 2 * ENTRIES : 2].tolist()
        newest, oldest = times.index(max(times)), times.index(min(times))
        shares = allowance.calls_per_second > ENTRIES
        joins = shares and times[newest] // INTERVAL_MICROSECONDS == now // INTERVAL_MICROSECONDS
        if joins or times[oldest] > now - SECOND:
            words[first + 2 * newest] = now
            words[first + 2 * newest + 1] += 1
        else:
            words[first + 2 * oldest + 1] = 1
            words[first + 2 * oldest] = now

    def _book(self, place: Place, settlement: Settlement, store_now: int) -> None:
        words, at = self._words, place.record_at
        known = self._known(place)
        if self._table.column is not None:
            used = settlement.calls + (known.used if month_of(known.at) == settlement.month else 0)
            cell_at = place.cells_at + self._table.column * CELL_WORDS
            words[cell_at + 1], words[cell_at + 2], words[cell_at + 3] = known.heard_at, used, known.recent
            words[cell_at] = max(known.at, store_now)
        if words[at] == settlement.month:
            words[at + 1] = max(words[at + 1] - settlement.calls, 0)


def _wait_microseconds(entries: list[Entry], allowance: Allowance, now: int) -> int:
    """Return the time until a call is possible; 0 if one is."""
    over = sum(entry.calls for entry in entries) - allowance.calls_per_second
    for entry in sorted(entries) if over >= 0 else ():
        over -= entry.calls
        if over < 0:
            return entry.at + SECOND - now
    return 0
