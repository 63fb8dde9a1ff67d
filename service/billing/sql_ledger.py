"""The ledger in SQL: each operation is one transaction, and the database decides every race.

Locks are taken in one order (hold, balance, key), so that no two transactions wait for each other.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.billing import sql_claims as claims
from service.billing.ledger import (
    Balance,
    Call,
    Charge,
    Claim,
    ClaimTaken,
    Closed,
    Held,
    HoldOutcome,
    HoldState,
    Insufficient,
    KnownClaim,
    NewHold,
    StoredAnswer,
    TooManyOpen,
)
from service.billing.money import Tokens
from service.billing.sql_credit import WRITTEN_OFF, add_entry, balance_of, call_of, open_balance
from service.runtime.background import report
from service.storage.errors import StoreUnavailable
from service.storage.sql.engine import Database
from service.storage.sql.tables import api_key, balance, claim, hold

EXPIRED = "expired"


class SqlLedger:
    """A Ledger. `now` gives the time; `welcome_micro_inr` is an account's first credit."""

    def __init__(self, database: Database, now: Callable[[], datetime], welcome_micro_inr: int) -> None:
        self.database = database
        self.now = now
        self.welcome_micro_inr = welcome_micro_inr

    async def hold(self, new: NewHold, claim: Claim | None = None) -> HoldOutcome:
        """See Ledger."""
        try:
            async with self.database.writing() as connection:
                return await self._hold(connection, new, claim)
        except _Refused as refused:
            return refused.outcome

    async def renew(self, hold_id: str, expires_at: datetime, noted: Charge | None = None) -> bool:
        """See Ledger."""
        values: dict[str, Any] = {"expires_at": expires_at}
        if noted is not None:
            tokens = noted.tokens
            values |= {"tokens_input": tokens.input, "tokens_output": tokens.output, "cost": noted.cost}
        async with self.database.writing() as connection:
            done = await connection.execute(update(hold).where(*_open(hold_id)).values(values))
        return bool(done.rowcount)

    async def settle(self, hold_id: str, charge: Charge) -> Closed:
        """See Ledger."""
        async with self.database.writing() as connection:
            values = {
                "state": HoldState.SETTLED,
                "tokens_input": charge.tokens.input,
                "tokens_output": charge.tokens.output,
                "cost": charge.cost,
                "estimated": charge.estimated,
                "outcome": charge.outcome,
                "usage_fault": charge.usage_fault,
            }
            closed = await self._close(connection, hold_id, values)
            if closed is None:
                return await _as_it_is(connection, hold_id)
            await self._book(connection, closed, charge)
            return await _as_it_is(connection, hold_id)

    async def void(self, hold_id: str, outcome: str) -> Closed:
        """See Ledger."""
        async with self.database.writing() as connection:
            values = {"state": HoldState.VOID, "tokens_input": 0, "tokens_output": 0, "cost": 0, "outcome": outcome}
            if await self._close(connection, hold_id, values) is not None:
                await connection.execute(delete(claim).where(claim.c.hold_id == hold_id))
            return await _as_it_is(connection, hold_id)

    async def sweep(self, most: int = 100) -> list[Call]:
        """See Ledger. A hold that its owner closes or renews meanwhile is left alone."""
        due = select(hold.c.id, hold.c.expires_at).where(hold.c.state == HoldState.OPEN, hold.c.expires_at < self.now())
        async with self.database.reading() as connection:
            found = (await connection.execute(due.order_by(hold.c.expires_at).limit(most))).all()
        swept = [await self._swept(row.id, row.expires_at) for row in found]
        async with self.database.writing() as connection:
            await claims.forget_old(connection, self.now())
        return [call for call in swept if call is not None]

    async def keep(self, hold_id: str, answer: StoredAnswer) -> None:
        """See Ledger."""
        async with self.database.writing() as connection:
            await claims.keep(connection, hold_id, answer)

    async def find_claim(self, key_id: str, digest: str) -> KnownClaim | None:
        """See Ledger."""
        async with self.database.reading() as connection:
            return await claims.find(connection, key_id, digest, self.now())

    async def _hold(self, connection: AsyncConnection, new: NewHold, wanted: Claim | None) -> Held:
        taken = await _set_aside(connection, new)
        if taken is None and await open_balance(connection, new.account_id, self.welcome_micro_inr, self.now()):
            taken = await _set_aside(connection, new)
        if taken is None:
            raise _Refused(Insufficient(await balance_of(connection, new.account_id) or Balance(0, 0)))
        if new.most_open is not None and await _open_calls(connection, new.key_id) >= new.most_open:
            raise _Refused(TooManyOpen(new.most_open))
        await connection.execute(
            insert(hold).values(
                id=new.id,
                trace_id=new.trace_id,
                account_id=new.account_id,
                key_id=new.key_id,
                state=HoldState.OPEN,
                amount=new.amount,
                estimated=False,
                streamed=new.streamed,
                opened_at=self.now(),
                expires_at=new.expires_at,
            )
        )
        if wanted is not None:
            try:
                await claims.take(connection, wanted, new.id, self.now())
            except IntegrityError:
                raise _Refused(ClaimTaken()) from None
        return Held(taken, await _key_spent(connection, new.key_id))

    async def _close(self, connection: AsyncConnection, hold_id: str, values: dict[str, Any]) -> Call | None:
        """Close an open hold and release its money; None if it was closed before."""
        statement = update(hold).where(*_open(hold_id)).values(values | {"closed_at": self.now()}).returning(hold)
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        await connection.execute(
            update(balance)
            .where(balance.c.account_id == row.account_id)
            .values(held=balance.c.held - row.amount, posted=balance.c.posted - row.cost)
        )
        return call_of(row)

    async def _book(self, connection: AsyncConnection, call: Call, charge: Charge) -> None:
        spent = api_key.c.spent_micro_inr + charge.cost
        await connection.execute(update(api_key).where(api_key.c.id == call.key_id).values(spent_micro_inr=spent))
        await add_entry(connection, "charge", call, charge.cost, self.now(), charge.outcome)
        if charge.overrun:
            await add_entry(connection, "write_off", call, charge.overrun, self.now(), WRITTEN_OFF)

    async def _swept(self, hold_id: str, expires_at: datetime) -> Call | None:
        """A hold that cannot be closed keeps none of the others open."""
        try:
            return await self._close_expired(hold_id, expires_at)
        except StoreUnavailable:
            raise
        except Exception as error:
            report("sweep of a hold", error)
            return None

    async def _close_expired(self, hold_id: str, expires_at: datetime) -> Call | None:
        async with self.database.writing() as connection:
            still = select(hold).where(*_open(hold_id), hold.c.expires_at == expires_at).with_for_update()
            row = (await connection.execute(still)).one_or_none()
            if row is None:
                return None
            if row.cost is None:
                closed = await self._close(
                    connection, hold_id, {"state": HoldState.VOID, "cost": 0, "outcome": EXPIRED}
                )
                await connection.execute(delete(claim).where(claim.c.hold_id == hold_id))
                return closed
            charge = Charge(Tokens(row.tokens_input, row.tokens_output), row.cost, EXPIRED, estimated=True)
            values = {"state": HoldState.SETTLED, "cost": row.cost, "outcome": EXPIRED, "estimated": True}
            closed = await self._close(connection, hold_id, values)
            if closed is not None:
                await self._book(connection, closed, charge)
            return closed


class _Refused(Exception):
    """Rolls a transaction back; leaves this module only as its outcome."""

    def __init__(self, outcome: Insufficient | TooManyOpen | ClaimTaken) -> None:
        self.outcome = outcome


def _open(hold_id: str) -> tuple[Any, Any]:
    return hold.c.id == hold_id, hold.c.state == HoldState.OPEN


async def _open_calls(connection: AsyncConnection, key_id: str) -> int:
    """Exact, because all holds of a key wait for the lock on its account's balance."""
    # The state is written out, so that the index of open holds serves.
    open_ones = select(func.count()).select_from(hold).where(hold.c.key_id == key_id, text("state = 'open'"))
    return int((await connection.execute(open_ones)).scalar_one())


async def _set_aside(connection: AsyncConnection, new: NewHold) -> Balance | None:
    """The one statement that decides whether the money suffices."""
    statement = (
        update(balance)
        .where(balance.c.account_id == new.account_id, balance.c.posted - balance.c.held >= new.amount)
        .values(held=balance.c.held + new.amount)
        .returning(balance.c.posted, balance.c.held)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Balance(row.posted, row.held)


async def _as_it_is(connection: AsyncConnection, hold_id: str) -> Closed:
    row = (await connection.execute(select(hold).where(hold.c.id == hold_id))).one()
    money = await balance_of(connection, row.account_id) or Balance(0, 0)
    return Closed(call_of(row), money, await _key_spent(connection, row.key_id))


async def _key_spent(connection: AsyncConnection, key_id: str) -> int:
    spent = await connection.scalar(select(api_key.c.spent_micro_inr).where(api_key.c.id == key_id))
    return int(spent or 0)
