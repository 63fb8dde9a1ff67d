"""`/console`: what the account has used of its limits, what credit is left, and where it went."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from starlette.types import Receive, Scope

from service.auth.accounts import AccountKeys, AccountStore
from service.billing.ledger import Balance, Statements
from service.billing.money import rupees
from service.billing.spending import DaySpent, Spending
from service.http.responses import Reply
from service.limits import Allowance, Decision, Limiter
from service.web.console.session import Visit
from service.web.console.spent import Spent, SpentLately
from service.web.page import Pages
from weighbridge_base.charts import Chart, day_columns

DAYS = 30


class KeyRow(NamedTuple):
    """What a key was charged in the days that are shown; `share` is in tenths of a percent of the most."""

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
        account_keys: AccountKeys,
        limiter: Limiter,
        allowance: Allowance,
        now: Callable[[], datetime],
    ) -> None:
        self.pages = pages
        self.accounts = accounts
        self.statements = statements
        self.spent = SpentLately(spending)
        self.account_keys = account_keys
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
        midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        spent = await self.spent.since(user.account_id, midnight)
        values = {
            "user": user,
            "allowance": allowance,
            "decision": decision if isinstance(decision, Decision) else None,
            "used": _used(decision, allowance),
            "balance": await self.statements.balance(user.account_id) or Balance(0, 0),
            "rupees": rupees,
            "chart": day_chart(spent.days, first) if spent.days else None,
            "by_key": by_key(spent),
            "days": DAYS,
            "has_keys": bool((await self.account_keys.newest(user.account_id, 1)).keys),
            "month": now.strftime("%B %Y"),
        }
        return self.pages.page("console_overview.html", values, headers=visit.headers)


def _used(decision: object, allowance: Allowance) -> int | None:
    """Calls of this month; None while they are not known."""
    if not isinstance(decision, Decision) or decision.quota_remaining is None:
        return None
    return allowance.calls_per_month - decision.quota_remaining


def day_chart(spent: Iterable[DaySpent], first: date) -> Chart:
    """Rupees a day, days without a charge too."""
    totals = {first + timedelta(days=number): 0 for number in range(DAYS)}
    for entry in spent:
        totals[entry.day] = totals.get(entry.day, 0) + entry.micro_inr
    return day_columns("Spend", [(day, rupees(amount).normalize()) for day, amount in sorted(totals.items())], "₹")


def by_key(spent: Spent) -> list[KeyRow]:
    """The keys that were charged most, the first of them first, and then all others together."""
    most = max((key.micro_inr for key in spent.keys), default=0) or 1
    found = [
        KeyRow(key.label or "without a name", key.shown, rupees(key.micro_inr), key.calls, key.micro_inr * 1000 // most)
        for key in spent.keys
    ]
    amount = sum(day.micro_inr for day in spent.days) - sum(key.micro_inr for key in spent.keys)
    calls = sum(day.calls for day in spent.days) - sum(key.calls for key in spent.keys)
    others = (
        [KeyRow("all other keys", "", rupees(amount), calls, min(amount * 1000 // most, 1000))] if calls > 0 else []
    )
    return [*found, *others]
