"""What an account spent, as values, and what is asked of the store that adds it up."""

from datetime import date, datetime
from typing import NamedTuple, Protocol

from service.billing.ledger import Entry


class DaySpent(NamedTuple):
    """What an account was charged on one day (UTC), in whole micro-rupees, and for how many calls."""

    day: date
    micro_inr: int
    calls: int


class KeySpent(NamedTuple):
    """What one key was charged, in whole micro-rupees, and for how many calls. `shown` is its short form."""

    key_id: str
    label: str
    shown: str
    micro_inr: int
    calls: int


class StatementRow(NamedTuple):
    """An entry, and the name of its key, or an empty text where it has none."""

    entry: Entry
    key_name: str


class Spending(Protocol):
    """Every operation raises StoreUnavailable."""

    async def by_day(self, account_id: str, since: datetime) -> list[DaySpent]:
        """What was charged on each day from then on; days without a charge are left out."""

    async def by_key(self, account_id: str, since: datetime, most: int) -> list[KeySpent]:
        """What keys were charged from then on: those that spent most, the first of them first."""

    async def statement(self, account_id: str, most: int, before: int | None = None) -> list[StatementRow]:
        """The account's entries, newest first: those before the entry `before`, or the newest."""
