"""Balances, entries and holds: the statements and rows that several transactions share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.billing.ledger import Balance, Call, HoldState
from service.billing.money import Tokens
from service.storage.sql.tables import balance, entry

# The two sides of each kind of entry: from whom, to whom.
SIDES = {
    "welcome": ("grants", "customer"),
    "grant": ("grants", "customer"),
    "charge": ("customer", "revenue"),
    "write_off": ("write_off", "revenue"),
}
WRITTEN_OFF = "usage above the hold"


async def balance_of(connection: AsyncConnection, account_id: str) -> Balance | None:
    """An account's balance; None if it never had one."""
    statement = select(balance.c.posted, balance.c.held).where(balance.c.account_id == account_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Balance(row.posted, row.held)


async def open_balance(connection: AsyncConnection, account_id: str, welcome_micro_inr: int, now: datetime) -> bool:
    """Give an account its balance, with the welcome credit; False if it has one. The primary key decides a race."""
    if await balance_of(connection, account_id) is not None:
        return False
    try:
        async with connection.begin_nested():
            await connection.execute(insert(balance).values(account_id=account_id, posted=welcome_micro_inr, held=0))
    except IntegrityError:
        return True
    if welcome_micro_inr:
        await insert_entry(connection, "welcome", account_id, account_id, welcome_micro_inr, now, "welcome credit")
    return True


async def insert_entry(
    connection: AsyncConnection,
    kind: str,
    reference: str,
    account_id: str,
    amount: int,
    now: datetime,
    reason: str,
    key_id: str | None = None,
) -> None:
    """Add one row to the books. `reference` and `kind` together are unique."""
    debit, credit = SIDES[kind]
    await connection.execute(
        insert(entry).values(
            at=now,
            kind=kind,
            reference=reference,
            account_id=account_id,
            key_id=key_id,
            debit=debit,
            credit=credit,
            amount=amount,
            reason=reason,
        )
    )


async def add_entry(
    connection: AsyncConnection, kind: str, call: Call, amount: int, now: datetime, reason: str
) -> None:
    """Add a row that belongs to a call."""
    await insert_entry(connection, kind, call.id, call.account_id, amount, now, reason, call.key_id)


@dataclass(frozen=True, slots=True)
class WelcomeCredit:
    """The credit that an account gets with its balance."""

    micro_inr: int

    async def grant(self, connection: AsyncConnection, account_id: str, now: datetime) -> bool:
        """Open the account's balance with the credit; return False if it has a balance already."""
        return await open_balance(connection, account_id, self.micro_inr, now)


def call_of(row: Row[Any]) -> Call:
    """Return the call in a row of the table of holds."""
    return Call(
        id=row.id,
        trace_id=row.trace_id,
        account_id=row.account_id,
        key_id=row.key_id,
        state=HoldState(row.state),
        amount=row.amount,
        tokens=Tokens(row.tokens_input or 0, row.tokens_output or 0),
        cost=row.cost or 0,
        estimated=row.estimated,
        streamed=row.streamed,
        outcome=row.outcome,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        usage_fault=row.usage_fault,
    )
