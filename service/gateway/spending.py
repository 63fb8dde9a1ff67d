"""What an account spent, as values, and what is asked of the store that adds it up."""

from datetime import date, datetime
from typing import NamedTuple, Protocol

from service.gateway.ledger import Entry


class DaySpent(NamedTuple):
    """What one key was charged on one day (UTC), in whole micro-rupees, and for how many calls."""

    day: date
    key_id: str | None
    micro_inr: int
    calls: int


class Spending(Protocol):
    """Every operation raises StoreUnavailable."""

    async def by_day(self, account_id: str, since: datetime) -> list[DaySpent]:
        """What each key was charged on each day from then on; days and keys without a charge are left out."""

    async def statement(self, account_id: str, most: int, before: int | None = None) -> list[Entry]:
        """The account's entries, newest first: those before the entry `before`, or the newest."""
