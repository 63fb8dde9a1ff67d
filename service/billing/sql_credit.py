"""The welcome credit that an account's balance begins with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from service.billing.sql_holds import INSERT_ENTRY, balance_of, entry_values
from service.storage.sql.connection import SqlConnection
from service.storage.sql.engine import Database
from service.storage.sql.tables import service_setting

WELCOME_SETTING = "credit_welcome_micro_inr"
# The primary key decides which of several processes opens a balance.
INSERT_BALANCE = (
    "INSERT INTO balance (account_id, posted, held) VALUES (:account_id, :posted, 0) "
    "ON CONFLICT (account_id) DO NOTHING RETURNING posted"
)


async def open_balance(connection: SqlConnection, account_id: str, welcome_micro_inr: int, now: datetime) -> bool:
    """Give an account its balance with the welcome credit; return False if it has one."""
    if await balance_of(connection, account_id) is not None:
        return False
    (row,) = await connection.fetch_each(INSERT_BALANCE, [{"account_id": account_id, "posted": welcome_micro_inr}])
    if row is not None and welcome_micro_inr:
        entry = entry_values("welcome", account_id, account_id, welcome_micro_inr, now, "welcome credit")
        await connection.run_each(INSERT_ENTRY, [entry])
    return True


@dataclass(frozen=True, slots=True)
class WelcomeCredit:
    """The credit that an account gets with its balance."""

    micro_inr: int

    async def grant(self, connection: SqlConnection, account_id: str, now: datetime) -> bool:
        """Open the account's balance with the credit; return False if it has a balance already."""
        return await open_balance(connection, account_id, self.micro_inr, now)


async def record_welcome(database: Database, micro_inr: int) -> None:
    """Store the welcome credit that the service was started with, for commands whose setting may differ.

    Raise StoreUnavailable.
    """
    if await recorded_welcome(database) == micro_inr:
        return
    async with database.writing() as connection:
        await connection.execute(delete(service_setting).where(service_setting.c.name == WELCOME_SETTING))
        await connection.execute(insert(service_setting).values(name=WELCOME_SETTING, value=str(micro_inr)))


async def recorded_welcome(database: Database) -> int | None:
    """Return the welcome credit that was stored, or None before the first start. Raise StoreUnavailable."""
    async with database.reading() as connection:
        statement = select(service_setting.c.value).where(service_setting.c.name == WELCOME_SETTING)
        value: str | None = (await connection.execute(statement)).scalar_one_or_none()
    return None if value is None else int(value)
