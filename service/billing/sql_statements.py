"""What callers and operators read of the ledger, and credit that an operator grants."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, or_, select, tuple_, update

from service.auth.accounts import Account
from service.auth.sql_rows import account_of
from service.billing.ledger import Balance, CallRecord, LedgerEntry
from service.billing.sql_credit import open_balance
from service.billing.sql_holds import INSERT_ENTRY, balance_of, call_of, entry_values
from service.storage.sql.engine import Database
from service.storage.sql.tables import UtcMicroseconds, account, balance, entry, hold

MAX_FOUND = 100


class SqlStatements:
    """The Books. Every operation raises StoreUnavailable."""

    def __init__(self, database: Database, now: Callable[[], datetime], welcome_micro_inr: int) -> None:
        self.database = database
        self.now = now
        self.welcome_micro_inr = welcome_micro_inr

    async def find_account(self, reference: str) -> Account | None:
        """Return the account with this id, or with this name, or None."""
        reference = reference.strip()
        async with self.database.reading() as connection:
            wanted = or_(account.c.id == reference, account.c.name == reference)
            rows = (await connection.execute(select(account).where(wanted))).all()
        found = [account_of(row) for row in rows]
        return next((one for one in found if one.id == reference), found[0] if found else None)

    async def grant(self, account_id: str, amount: int, reference: str, reason: str) -> Balance:
        """Pay in and return the balance. Raise IntegrityError if the reference was used before."""
        async with self.database.writing() as connection:
            await open_balance(connection, account_id, self.welcome_micro_inr, self.now())
            await connection.execute(
                update(balance).where(balance.c.account_id == account_id).values(posted=balance.c.posted + amount)
            )
            entry_of_grant = entry_values("grant", reference, account_id, amount, self.now(), reason)
            await connection.run_each(INSERT_ENTRY, [entry_of_grant])
            return await balance_of(connection, account_id) or Balance(0, 0)

    async def balance(self, account_id: str) -> Balance | None:
        """Return an account's balance, or None if it never had one."""
        async with self.database.reading() as connection:
            return await balance_of(connection, account_id)

    async def balances(self) -> list[tuple[Account, Balance]]:
        """Return all accounts by name, with their balances."""
        statement = select(account, balance.c.posted, balance.c.held).join_from(account, balance, isouter=True)
        async with self.database.reading() as connection:
            rows = (await connection.execute(statement.order_by(account.c.name))).all()
        return [(account_of(row), Balance(row.posted or 0, row.held or 0)) for row in rows]

    async def entries(self, account_id: str, key_id: str | None = None) -> list[LedgerEntry]:
        """Return the entries of an account, or of one of its keys, oldest first."""
        statement = select(entry).where(entry.c.account_id == account_id).order_by(entry.c.id)
        if key_id is not None:
            statement = statement.where(entry.c.key_id == key_id)
        async with self.database.reading() as connection:
            return [LedgerEntry(*row) for row in await connection.execute(statement)]

    async def calls(self, key_id: str, most: int, before: str | None = None) -> list[CallRecord]:
        """Return a key's `most` newest calls, or those just before its call `before`, newest first."""
        return await self._newest(hold.c.key_id == key_id, most, before)

    async def account_calls(self, account_id: str, most: int, before: str | None = None) -> list[CallRecord]:
        """Return the same for all keys of an account."""
        return await self._newest(hold.c.account_id == account_id, most, before)

    async def find_calls(self, key_id: str, reference: str) -> list[CallRecord]:
        """Return a key's calls with this id or trace id, at most MAX_FOUND."""
        return await self._found(reference, hold.c.key_id == key_id)

    async def find_account_calls(self, account_id: str, reference: str) -> list[CallRecord]:
        """Return an account's calls with this id or trace id, at most MAX_FOUND."""
        return await self._found(reference, hold.c.account_id == account_id)

    async def _newest(self, owned: ColumnElement[bool], most: int, before: str | None) -> list[CallRecord]:
        statement = newest_calls(owned, most)
        async with self.database.reading() as connection:
            if before is not None:
                seen = await connection.scalar(select(hold.c.opened_at).where(hold.c.id == before, owned))
                if seen is None:
                    return []
                last = tuple_(literal(seen, UtcMicroseconds()), literal(before))
                statement = statement.where(tuple_(hold.c.opened_at, hold.c.id) < last)
            return [call_of(row) for row in await connection.execute(statement)]

    async def _found(self, reference: str, owned: ColumnElement[bool]) -> list[CallRecord]:
        wanted = or_(hold.c.id == reference, hold.c.trace_id == reference)
        async with self.database.reading() as connection:
            rows = await connection.execute(select(hold).where(wanted, owned).limit(MAX_FOUND))
            return [call_of(row) for row in rows]


def newest_calls(owned: ColumnElement[bool], most: int) -> Select[Any]:
    """Return the statement that reads the newest calls of a key or an account from its index."""
    return select(hold).where(owned).order_by(hold.c.opened_at.desc(), hold.c.id.desc()).limit(most)
