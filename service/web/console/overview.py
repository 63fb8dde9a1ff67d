"""`/console`: what an account has used of its limits, its credit, and what it spent."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from weakref import WeakValueDictionary

from starlette.types import Receive, Scope

from service.auth.accounts import AccountKeys, AccountStore
from service.billing.ledger import Balance, Statements
from service.billing.money import rupees
from service.billing.spending import DaySpent, KeySpent, Spending
from service.http.responses import Reply
from service.limits import Allowance, Decision, Limiter
from service.web.console.session import Visit
from service.web.page import Pages
from weighbridge_base.charts import Chart, day_columns

DAYS = 30
MAX_LISTED_KEYS = 20
MAX_CACHED_ACCOUNTS = 1_000
# Sums are cached for this many times as long as they took to read, so that the overview of one account takes at
# most a twentieth of the database's time.
KEPT_FOR_EACH_SECOND = 20.0


class RecentSpending(NamedTuple):
    """The charges by day, and of the keys with the highest charges."""

    days: list[DaySpent]
    keys: list[KeySpent]


class _CachedSpending(NamedTuple):
    spent: RecentSpending
    since: datetime
    until_seconds: float


class SpendingCache:
    """Reads the spending of accounts, one read at a time per account, and caches what was slow to read."""

    def __init__(self, spending: Spending, clock: Callable[[], float] = time.monotonic) -> None:
        self._spending = spending
        self._clock = clock
        self._kept: OrderedDict[str, _CachedSpending] = OrderedDict()
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def since(self, account_id: str, since: datetime) -> RecentSpending:
        """Return what the account was charged since an instant. Raise StoreUnavailable."""
        lock = self._reading.setdefault(account_id, asyncio.Lock())
        async with lock:
            kept = self._kept.get(account_id)
            if kept is not None and kept.since == since and self._clock() < kept.until_seconds:
                return kept.spent
            return await self._read(account_id, since)

    async def _read(self, account_id: str, since: datetime) -> RecentSpending:
        started = self._clock()
        days = await self._spending.by_day(account_id, since)
        spent = RecentSpending(days, await self._spending.by_key(account_id, since, MAX_LISTED_KEYS) if days else [])
        now = self._clock()
        self._kept[account_id] = _CachedSpending(spent, since, now + (now - started) * KEPT_FOR_EACH_SECOND)
        self._kept.move_to_end(account_id)
        if len(self._kept) > MAX_CACHED_ACCOUNTS:
            self._kept.popitem(last=False)
        return spent


class KeyRow(NamedTuple):
    """What a key was charged in the days shown; `share` is the length of its bar, in tenths of a percent."""

    name: str
    shown: str
    amount: Decimal
    calls: int
    share: int


class Overview:
    """The overview. It only reads limits and ledger: showing it counts as no call."""

    def __init__(
        self,
        pages: Pages,
        accounts: AccountStore,
        statements: Statements,
        spending: Spending,
        account_keys: AccountKeys,
        limiter: Limiter,
        allowance: Allowance,
        now: Callable[[], datetime],
    ) -> None:
        self.pages = pages
        self.accounts = accounts
        self.statements = statements
        self.spent = SpendingCache(spending)
        self.account_keys = account_keys
        self.limiter = limiter
        self.allowance = allowance
        self.now = now

    async def show(self, scope: Scope, receive: Receive, visit: Visit) -> Reply:
        """Return the page of the account: limits, balance and spending."""
        user, now = visit.user, self.now()
        account = await self.accounts.find_account(user.account_name)
        allowance = Allowance(
            (account and account.calls_per_second) or self.allowance.calls_per_second,
            (account and account.calls_per_month) or self.allowance.calls_per_month,
        )
        decision = await self.limiter.peek(user.account_id, allowance)
        first = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
        midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        spent = await self.spent.since(user.account_id, midnight)
        values = {
            "user": user,
            "allowance": allowance,
            "decision": decision if isinstance(decision, Decision) else None,
            "used": _used_calls(decision, allowance),
            "balance": await self.statements.balance(user.account_id) or Balance(0, 0),
            "rupees": rupees,
            "chart": day_chart(spent.days, first) if spent.days else None,
            "by_key": by_key(spent),
            "days": DAYS,
            "has_keys": bool((await self.account_keys.newest(user.account_id, 1)).keys),
            "month": now.strftime("%B %Y"),
        }
        return self.pages.page("console_overview.html", values, headers=visit.headers)


def _used_calls(decision: object, allowance: Allowance) -> int | None:
    """Return the calls of this month, or None while the counters are unreachable."""
    if not isinstance(decision, Decision) or decision.quota_remaining is None:
        return None
    return allowance.calls_per_month - decision.quota_remaining


def day_chart(spent: Iterable[DaySpent], first: date) -> Chart:
    """Return a chart of rupees per day, including days without a charge."""
    totals = {first + timedelta(days=number): 0 for number in range(DAYS)}
    for entry in spent:
        totals[entry.day] = totals.get(entry.day, 0) + entry.micro_inr
    return day_columns("Spending", [(day, rupees(amount).normalize()) for day, amount in sorted(totals.items())], "₹")


def by_key(spent: RecentSpending) -> list[KeyRow]:
    """Return the keys with the highest charges, highest first, and then all other keys together."""
    most = max((key.micro_inr for key in spent.keys), default=0) or 1
    found = [
        KeyRow(key.label or "unnamed", key.shown, rupees(key.micro_inr), key.calls, key.micro_inr * 1000 // most)
        for key in spent.keys
    ]
    amount = sum(day.micro_inr for day in spent.days) - sum(key.micro_inr for key in spent.keys)
    calls = sum(day.calls for day in spent.days) - sum(key.calls for key in spent.keys)
    others = (
        [KeyRow("all other keys", "", rupees(amount), calls, min(amount * 1000 // most, 1000))] if calls > 0 else []
    )
    return [*found, *others]
