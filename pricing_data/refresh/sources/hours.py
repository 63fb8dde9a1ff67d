"""Hours of a week at other rates: which they are, and how a tariff states them.

A tariff's own rates are those that hold for most of the week; windows hold the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import time

from pricing_data.price import Rates, Tariff, Window

MINUTES_A_DAY = 1_440
DAYS = range(1, 8)
MINUTES_A_WEEK = MINUTES_A_DAY * len(DAYS)


def minute_of(text: str) -> int:
    """Return the minute of the day of a time as "HH:MM". Raise ValueError."""
    moment = time.fromisoformat(text)
    return moment.hour * 60 + moment.minute


def in_week(starts: int, ends: int, weekdays: Iterable[int] = DAYS) -> Iterator[int]:
    """Return the minutes of the week, from Monday 00:00 on, of daily hours that begin on these weekdays.

    `starts` and `ends` are minutes of a day; hours that end no later than they start pass midnight.
    """
    length = (ends - starts) % MINUTES_A_DAY or MINUTES_A_DAY
    for day in weekdays:
        first = (day - 1) * MINUTES_A_DAY + starts
        yield from (minute % MINUTES_A_WEEK for minute in range(first, first + length))


def minutes_of(windows: Sequence[Window]) -> set[int]:
    """Return the minutes of the week in which any of some windows holds, in their own time zone."""
    return {
        minute
        for window in windows
        for minute in in_week(_minute(window.starts), _minute(window.ends), window.weekdays or DAYS)
    }


def scheduled(tariff: Tariff, minutes: set[int], rates: Rates) -> Tariff:
    """Return a tariff in which `rates` hold in these minutes of the week (UTC): as its schedule, or the other way
    round if they are more than half of it."""
    if len(minutes) * 2 <= MINUTES_A_WEEK:
        return replace(tariff, schedule=windows(minutes, rates))
    others = set(range(MINUTES_A_WEEK)) - minutes
    return replace(tariff, rates=rates, schedule=windows(others, tariff.rates))


def windows(minutes: set[int], rates: Rates) -> tuple[Window, ...]:
    """Return the windows that cover these minutes of the week: the same hours of several days are one."""
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for first, length in _runs(minutes):
        day, starts = divmod(first, MINUTES_A_DAY)
        days[starts, (starts + length) % MINUTES_A_DAY].append(day + 1)
    return tuple(
        Window(_time(starts), _time(ends), rates, () if len(found) == len(DAYS) else tuple(sorted(found)))
        for (starts, ends), found in sorted(days.items())
    )


def _runs(minutes: set[int]) -> Iterator[tuple[int, int]]:
    """Return the first minute and the length of each run of minutes of a week; no run is longer than a day."""
    if len(minutes) == MINUTES_A_WEEK:
        yield from ((day * MINUTES_A_DAY, MINUTES_A_DAY) for day in range(len(DAYS)))
        return
    for first in sorted(minute for minute in minutes if (minute - 1) % MINUTES_A_WEEK not in minutes):
        length = 1
        while (first + length) % MINUTES_A_WEEK in minutes:
            length += 1
        yield from _within_days(first, length)


def _within_days(first: int, length: int) -> Iterator[tuple[int, int]]:
    """A run as it is, or cut at each midnight if it is longer than a day."""
    while length > MINUTES_A_DAY:
        until_midnight = MINUTES_A_DAY - first % MINUTES_A_DAY
        yield first, until_midnight
        first, length = (first + until_midnight) % MINUTES_A_WEEK, length - until_midnight
    yield first, length


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _time(minute: int) -> time:
    return time(*divmod(minute, 60))
