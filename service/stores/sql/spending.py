"""What an account spent, added up by the database, and its statement a page at a time."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, func, select, type_coerce

from service.gateway.ledger import Entry
from service.gateway.spending import DaySpent
from service.stores.sql.engine import Database
from service.stores.sql.tables import entry
from service.stores.sql.types import EPOCH

DAY = timedelta(days=1)
DAY_MICROSECONDS = DAY // timedelta(microseconds=1)


class SqlSpending:
    """A Spending."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def by_day(self, account_id: str, since: datetime) -> list[DaySpent]:
        """See Spending."""
        day = (type_coerce(entry.c.at, BigInteger) // DAY_MICROSECONDS).label("day")
        statement = (
            select(day, entry.c.key_id, func.sum(entry.c.amount), func.count())
            .where(entry.c.account_id == account_id, entry.c.kind == "charge", entry.c.at >= since)
            .group_by(day, entry.c.key_id)
            .order_by(day, entry.c.key_id)
        )
        async with self.database.reading() as connection:
            rows = (await connection.execute(statement)).all()
        return [
            DaySpent((EPOCH + int(number) * DAY).date(), key_id, int(amount), int(calls))
            for number, key_id, amount, calls in rows
        ]

    async def statement(self, account_id: str, most: int, before: int | None = None) -> list[Entry]:
        """See Spending."""
        wanted = select(entry).where(entry.c.account_id == account_id).order_by(entry.c.id.desc()).limit(most)
        if before is not None:
            wanted = wanted.where(entry.c.id < before)
        async with self.database.reading() as connection:
            return [Entry(*row) for row in await connection.execute(wanted)]
