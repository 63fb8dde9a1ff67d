"""Balances, the entries of the books, and the welcome credit that an account's balance begins with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from service.billing.ledger import Balance
from service.storage.sql.connection import SqlConnection, SqlParameters
from service.storage.sql.engine import Database
from service.storage.sql.tables import balance, microseconds_of, service_setting

# The two sides of each kind of entry: from whom, to whom.
SIDES = {
    "welcome": ("grants", "customer"),
    "grant": ("grants", "customer"),
    "charge": ("customer", "revenue"),
    "write_off": ("write_off", "revenue"),
}
WRITTEN_OFF = "usage above the hold"
WELCOME_SETTING = "credit_welcome_micro_inr"
INSERT_ENTRY = (
    "INSERT INTO entry (at, kind, reference, account_id, key_id, debit, credit, amount, reason) "
    "VALUES (:now, :kind, :reference, :account_id, :key_id, :debit, :credit, :amount, :reason)"
)
# The primary key decides which of several processes opens a balance.
INSERT_BALANCE = (
    "INSERT INTO balance (account_id, posted, held) VALUES (:account_id, :posted, 0) "
    "ON CONFLICT (account_id) DO NOTHING RETURNING posted"
)


async def balance_of(connection: SqlConnection, account_id: str) -> Balance | None:
    """Return an account's balance, or None if it never had one."""
    statement = select(balance.c.posted, balance.c.held).where(balance.c.account_id == account_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Balance(row.posted, row.held)


async def open_balance(connection: SqlConnection, account_id: str, welcome_micro_inr: int, now: datetime) -> bool:
    """Give an account its balance with the welcome credit; return False if it has one."""
    if await balance_of(connection, account_id) is not None:
        return False
    (row,) = await connection.fetch_each(INSERT_BALANCE, [{"account_id": account_id, "posted": welcome_micro_inr}])
    if row is not None and welcome_micro_inr:
        entry = entry_values("welcome", account_id, account_id, welcome_micro_inr, now, "welcome credit")
        await connection.run_each(INSERT_ENTRY, [entry])
    return True


def entry_values(
    kind: str, reference: str, account_id: str, amount: int, now: datetime, reason: str, key_id: str | None = None
) -> SqlParameters:
    """Return the parameters of INSERT_ENTRY. `reference` and `kind` together are unique."""
    debit, credit = SIDES[kind]
    return {
        "now": microseconds_of(now),
        "kind": kind,
        "reference": reference,
        "account_id": account_id,
        "key_id": key_id,
        "debit": debit,
        "credit": credit,
        "amount": amount,
        "reason": reason,
    }


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
