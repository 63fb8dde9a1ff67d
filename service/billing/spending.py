"""What an account spent, by day and by key, and its statement a page at a time."""

from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from sqlalchemy import BigInteger, ColumnElement, func, select, type_coerce

from service.billing.ledger import LedgerEntry
from service.storage.sql.engine import Database
from service.storage.sql.tables import EPOCH, api_key, entry

DAY = timedelta(days=1)
DAY_MICROSECONDS = DAY // timedelta(microseconds=1)
KEY_NAME = (api_key.c.label, api_key.c.prefix, api_key.c.last_four)


class DaySpent(NamedTuple):
    """What an account was charged on one day (UTC), in whole micro-rupees, and the number of calls."""

    day: date
    micro_inr: int
    calls: int


class KeySpent(NamedTuple):
    """What one key was charged, in whole micro-rupees, and the number of calls. `shown` is the key's short form."""

    key_id: str
    label: str
    shown: str
    micro_inr: int
    calls: int


class StatementRow(NamedTuple):
    """An entry, and the name of its key, or an empty string where it has none."""

    entry: LedgerEntry
    key_name: str


class Spending(Protocol):
    """What accounts spent. Every operation raises StoreUnavailable."""

    async def by_day(self, account_id: str, since: datetime) -> list[DaySpent]:
        """Return what was charged on each day from `since` on; days without a charge are left out."""

    async def by_key(self, account_id: str, since: datetime, most: int) -> list[KeySpent]:
        """Return what keys were charged from `since` on: the `most` that spent most, in falling order."""

    async def statement(self, account_id: str, most: int, before: int | None = None) -> list[StatementRow]:
        """Return the account's `most` newest entries, or those just before the entry `before`, newest first."""


class SqlSpending:
    """A Spending that the database adds up."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def by_day(self, account_id: str, since: datetime) -> list[DaySpent]:
        """Return what was charged on each day from `since` on; days without a charge are left out."""
        day = (type_coerce(entry.c.at, BigInteger) // DAY_MICROSECONDS).label("day")
        statement = (
            select(day, func.sum(entry.c.amount), func.count())
            .where(*_charged(account_id, since))
            .group_by(day)
            .order_by(day)
        )
        async with self.database.reading() as connection:
            rows = (await connection.execute(statement)).all()
        return [DaySpent((EPOCH + int(number) * DAY).date(), int(amount), int(calls)) for number, amount, calls in rows]

    async def by_key(self, account_id: str, since: datetime, most: int) -> list[KeySpent]:
        """Return what keys were charged from `since` on: the `most` that spent most, in falling order."""
        total = func.sum(entry.c.amount).label("total")
        sums = (
            select(entry.c.key_id, total, func.count().label("calls"))
            .where(*_charged(account_id, since))
            .group_by(entry.c.key_id)
            .order_by(total.desc(), entry.c.key_id)
            .limit(most)
            .subquery()
        )
        statement = (
            select(api_key.c.id, *KEY_NAME, sums.c.total, sums.c.calls)
            .join_from(sums, api_key, api_key.c.id == sums.c.key_id)
            .order_by(sums.c.total.desc(), sums.c.key_id)
        )
        async with self.database.reading() as connection:
            rows = (await connection.execute(statement)).all()
        return [
            KeySpent(key_id, label, f"{prefix}...{last_four}", int(amount), int(calls))
            for key_id, label, prefix, last_four, amount, calls in rows
        ]

    async def statement(self, account_id: str, most: int, before: int | None = None) -> list[StatementRow]:
        """Return the account's `most` newest entries, or those just before the entry `before`, newest first."""
        statement = (
            select(*KEY_NAME, *entry.c)
            .join_from(entry, api_key, entry.c.key_id == api_key.c.id, isouter=True)
            .where(entry.c.account_id == account_id)
            .order_by(entry.c.id.desc())
            .limit(most)
        )
        if before is not None:
            statement = statement.where(entry.c.id < before)
        async with self.database.reading() as connection:
            return [
                StatementRow(LedgerEntry(*columns), "" if prefix is None else label or f"{prefix}...{last_four}")
                for label, prefix, last_four, *columns in await connection.execute(statement)
            ]


def _charged(account_id: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return entry.c.account_id == account_id, entry.c.kind == "charge", entry.c.at >= since
