"""Sums of spending are read for only a small share of the time, however long a read takes."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from service.billing.spending import DaySpent, KeySpent, StatementRow
from service.web.console.overview import KEPT_FOR_EACH_SECOND, KeyRow, RecentSpending, SpendingCache, by_key
from tests.service.clocks import Clock

pytestmark = pytest.mark.anyio

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


class SlowSpending:
    """Sums that take a second each to read, by the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.reads = 0

    async def by_day(self, account_id: str, since: datetime) -> list[DaySpent]:
        """Return one day, whose amount is the number of reads so far."""
        self.reads += 1
        await asyncio.sleep(0)
        self.clock.advance(1)
        return [DaySpent(date(2026, 11, 1), self.reads, 1)]

    async def by_key(self, account_id: str, since: datetime, most: int) -> list[KeySpent]:
        """Return an empty list: no key was used."""
        return []

    async def statement(self, account_id: str, most: int, before: int | None = None) -> list[StatementRow]:
        """Return a statement without rows."""
        return []


async def test_a_sum_that_took_long_is_kept() -> None:
    """Concurrent callers share one read; a sum that took a second is read again after twenty, for each account."""
    clock = Clock()
    spending = SlowSpending(clock)
    spent = SpendingCache(spending, clock.monotonic)
    found = await asyncio.gather(*(spent.since("a", SINCE) for _ in range(10)))
    assert {one.days[0].micro_inr for one in found} == {1}
    clock.advance(KEPT_FOR_EACH_SECOND - 0.1)
    assert (await spent.since("a", SINCE)).days[0].micro_inr == 1
    clock.advance(0.2)
    assert (await spent.since("a", SINCE)).days[0].micro_inr == 2
    assert (await spent.since("b", SINCE)).days[0].micro_inr == 3
    assert (await spent.since("b", datetime(2026, 11, 2, tzinfo=UTC))).days[0].micro_inr == 4


def test_keys_beyond_the_first_are_one_row() -> None:
    """Keys that are not among those that spent most are summed up in one row."""
    keys = [KeySpent("key_1", "gate", "atms_sk_...wXyZ", 3_000_000, 2)]
    rows = by_key(RecentSpending([DaySpent(date(2026, 11, 1), 5_000_000, 7)], keys))
    assert [(row.name, row.amount, row.calls, row.share) for row in rows] == [
        ("gate", Decimal(3), 2, 1000),
        ("all other keys", Decimal(2), 5, 666),
    ]
    assert by_key(RecentSpending([], [])) == []
    assert isinstance(rows[0], KeyRow)
