"""Numbers of many calls, written together: once a turn of the event loop."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client import Counter, Histogram


class GroupedHistogram(Histogram):
    """A histogram that takes many observations for little more than one costs."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """The same as `observe` for each; for one that has its labels."""
        self._sum.inc(sum(amounts))
        numbers: dict[int, int] = {}
        for amount in amounts:
            bucket = bisect_left(self._upper_bounds, amount)
            numbers[bucket] = numbers.get(bucket, 0) + 1
        for bucket, number in numbers.items():
            self._buckets[bucket].inc(number)


class MetricsBuffer:
    """What was counted and observed in this turn. Without an event loop nothing waits."""

    def __init__(self) -> None:
        self._numbers: dict[Counter, int] = {}
        self._groups: dict[tuple[Counter, ...], int] = {}
        self._amounts: dict[GroupedHistogram, list[float]] = {}
        self._is_due = False

    def count(self, counter: Counter) -> None:
        """One more."""
        self._numbers[counter] = self._numbers.get(counter, 0) + 1
        if not self._is_due:
            self._write_soon()

    def count_each(self, counters: tuple[Counter, ...]) -> None:
        """One more of each: counters that are counted together are kept together until they are written."""
        self._groups[counters] = self._groups.get(counters, 0) + 1
        if not self._is_due:
            self._write_soon()

    def observe(self, histogram: GroupedHistogram, amount: float) -> None:
        """One more, of this size."""
        amounts = self._amounts.get(histogram)
        if amounts is None:
            amounts = self._amounts[histogram] = []
        amounts.append(amount)
        if not self._is_due:
            self._write_soon()

    def write(self) -> None:
        """Hand all on, now."""
        self._is_due = False
        numbers, self._numbers = self._numbers, {}
        groups, self._groups = self._groups, {}
        for counters, number in groups.items():
            for counter in counters:
                numbers[counter] = numbers.get(counter, 0) + number
        amounts, self._amounts = self._amounts, {}
        for counter, number in numbers.items():
            counter.inc(number)
        for histogram, observed in amounts.items():
            histogram.observe_all(observed)

    def _write_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write()
        else:
            self._is_due = True
            loop.call_soon(self.write)
