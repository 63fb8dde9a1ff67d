"""What an account spent lately, added up at most a small share of the time, however many calls it made."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from weakref import WeakValueDictionary

from service.billing.spending import DaySpent, KeySpent, Spending

MAX_KEYS = 20
MAX_KEPT = 1_000
# A sum that took a second to read is kept for so many seconds: one account costs the database a twentieth of its time.
KEPT_FOR_EACH_SECOND = 20.0


class Spent(NamedTuple):
    """What was charged by day, and by those keys that spent most."""

    days: list[DaySpent]
    keys: list[KeySpent]


class _Kept(NamedTuple):
    spent: Spent
    since: datetime
    until_seconds: float


class SpentLately:
    """Reads sums, one at a time for an account, and keeps those that took long."""

    def __init__(self, spending: Spending, clock: Callable[[], float] = time.monotonic) -> None:
        self._spending = spending
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def since(self, account_id: str, since: datetime) -> Spent:
        """Return what the account was charged from then on. Raises StoreUnavailable."""
        lock = self._reading.setdefault(account_id, asyncio.Lock())
        async with lock:
            kept = self._kept.get(account_id)
            if kept is not None and kept.since == since and self._clock() < kept.until_seconds:
                return kept.spent
            return await self._read(account_id, since)

    async def _read(self, account_id: str, since: datetime) -> Spent:
        started = self._clock()
        days = await self._spending.by_day(account_id, since)
        spent = Spent(days, await self._spending.by_key(account_id, since, MAX_KEYS) if days else [])
        now = self._clock()
        self._kept[account_id] = _Kept(spent, since, now + (now - started) * KEPT_FOR_EACH_SECOND)
        self._kept.move_to_end(account_id)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return spent
