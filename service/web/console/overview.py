"""`/console`: what the account has used of its limits, what credit is left, and where it went."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from starlette.types import Receive, Scope

from service.accounts import AccountStore, ApiKey
from service.gateway.ledger import Balance, Statements
from service.gateway.money import rupees
from service.gateway.spending import DaySpent, Spending
from service.limits import Allowance, Decision, Limiter
from service.reply import Reply
from service.web.charts import Chart, columns
from service.web.console.session import Visit
from service.web.page import Pages

DAYS = 30


class KeySpent(NamedTuple):
    """What one key was charged in the days that are shown; `share` is in tenths of a percent of the most."""

    name: str
    shown: str
    amount: Decimal
    calls: int
    share: int


class Overview:
    """Reads of limits and ledger alone; to look at it costs nothing."""

    def __init__(
        self,
        pages: Pages,
        accounts: AccountStore,
        statements: Statements,
        spending: Spending,
        limiter: Limiter,
        allowance: Allowance,
        now: Callable[[], datetime],
    ) -> None:
        self.pages = pages
        self.accounts = accounts
        self.statements = statements
        self.spending = spending
        self.limiter = limiter
        self.allowance = allowance
        self.now = now

    async def show(self, scope: Scope, receive: Receive, visit: Visit) -> Reply:
        """The page."""
        user, now = visit.user, self.now()
        account = await self.accounts.find_account(user.account_name)
        allowance = Allowance(
            (account and account.calls_per_second) or self.allowance.calls_per_second,
            (account and account.calls_per_month) or self.allowance.calls_per_month,
        )
        decision = await self.limiter.peek(user.account_id, allowance)
        first = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
        spent = await self.spending.by_day(user.account_id, datetime(first.year, first.month, first.day, tzinfo=UTC))
        keys = await self.accounts.list_keys(user.account_name)
        values = {
            "user": user,
            "allowance": allowance,
            "decision": decision if isinstance(decision, Decision) else None,
            "used": _used(decision, allowance),
            "balance": await self.statements.balance(user.account_id) or Balance(0, 0),
            "rupees": rupees,
            "chart": day_chart(spent, first) if spent else None,
            "by_key": by_key(spent, keys),
            "days": DAYS,
            "keys": keys,
            "month": now.strftime("%B %Y"),
        }
        return self.pages.page("console_overview.html", values, headers=visit.headers)


def _used(decision: object, allowance: Allowance) -> int | None:
    """Calls of this month; None while nobody knows."""
    if not isinstance(decision, Decision) or decision.quota_remaining is None:
        return None
    return allowance.calls_per_month - decision.quota_remaining


def day_chart(spent: Iterable[DaySpent], first: date) -> Chart:
    """Rupees a day, days without a charge too."""
    totals = {first + timedelta(days=number): 0 for number in range(DAYS)}
    for entry in spent:
        totals[entry.day] = totals.get(entry.day, 0) + entry.micro_inr
    return columns("Spend", [(day, rupees(amount).normalize()) for day, amount in sorted(totals.items())], "₹")


def by_key(spent: Iterable[DaySpent], keys: Sequence[ApiKey]) -> list[KeySpent]:
    """The keys that were charged, the one that spent most first."""
    sums: dict[str | None, tuple[int, int]] = {}
    for entry in spent:
        amount, calls = sums.get(entry.key_id, (0, 0))
        sums[entry.key_id] = (amount + entry.micro_inr, calls + entry.calls)
    known = {key.id: key for key in keys}
    most = max((amount for amount, _ in sums.values()), default=0) or 1
    found = [
        KeySpent(
            (known[key_id].label or "without a name") if key_id in known else "another key",
            known[key_id].shown if key_id in known else "",
            rupees(amount),
            calls,
            amount * 1000 // most,
        )
        for key_id, (amount, calls) in sums.items()
    ]
    return sorted(found, key=lambda one: one.amount, reverse=True)
