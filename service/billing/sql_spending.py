"""What an account spent, added up by the database, and its statement a page at a time."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, func, select, type_coerce

from service.billing.ledger import Entry
from service.billing.spending import DaySpent, KeySpent, StatementRow
from service.storage.sql.engine import Database
from service.storage.sql.tables import EPOCH, api_key, entry

DAY = timedelta(days=1)
NAME = (api_key.c.label, api_key.c.prefix, api_key.c.last_four)
DAY_MICROSECONDS = DAY // timedelta(microseconds=1)


class SqlSpending:
    """A Spending."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def by_day(self, account_id: str, since: datetime) -> list[DaySpent]:
        """See Spending."""
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
        """See Spending."""
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
            select(api_key.c.id, *NAME, sums.c.total, sums.c.calls)
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
        """See Spending."""
        statement = (
            select(*NAME, *entry.c)
            .join_from(entry, api_key, entry.c.key_id == api_key.c.id, isouter=True)
            .where(entry.c.account_id == account_id)
            .order_by(entry.c.id.desc())
            .limit(most)
        )
        if before is not None:
            statement = statement.where(entry.c.id < before)
        async with self.database.reading() as connection:
            return [
                StatementRow(Entry(*columns), "" if prefix is None else label or f"{prefix}...{last_four}")
                for label, prefix, last_four, *columns in await connection.execute(statement)
            ]


def _charged(account_id: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return entry.c.account_id == account_id, entry.c.kind == "charge", entry.c.at >= since
