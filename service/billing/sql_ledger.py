"""The ledger in SQL. The database decides every race; every outcome is returned after the commit that holds it.

What concurrent calls ask for while one transaction is written goes together into the next, so that one commit serves
them all. A lone call is a batch of one, and does not wait.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select, update

from service.billing.ledger import (
    Balance,
    CallRecord,
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
from service.billing.sql_claims import drop_expired_claims, find_claim, free_claim, keep_answer, take_claim
from service.billing.sql_credit import open_balance
from service.billing.sql_holds import SettleRequest, balance_of, recorded, void, write
from service.runtime.background import report
from service.runtime.batching import Batcher
from service.storage.errors import StoreUnavailable
from service.storage.sql.connection import SqlConnection
from service.storage.sql.engine import Database
from service.storage.sql.tables import hold

EXPIRED = "expired"
MAX_BATCH_SIZE = 200
# Calls that have come together need about as many turns of the event loop until each has asked for its money.
TURNS_TO_GATHER = 6


class SqlLedger:
    """A Ledger. `now` returns the time; `welcome_micro_inr` is an account's first credit."""

    def __init__(self, database: Database, now: Callable[[], datetime], welcome_micro_inr: int) -> None:
        self.database = database
        self.now = now
        self.welcome_micro_inr = welcome_micro_inr
        self._batches: Batcher[NewHold | SettleRequest, Any] = Batcher(
            self._write, MAX_BATCH_SIZE, turns_before_batch=TURNS_TO_GATHER
        )

    async def hold(self, new: NewHold, claim: Claim | None = None) -> HoldOutcome:
        """Set money aside, all or nothing. An account that never had credit gets its welcome credit first."""
        if claim is not None:
            return await self._hold_with_claim(new, claim)
        outcome: HoldOutcome | Exception | None = await self._batches.put(new)
        if outcome is None:
            async with self.database.writing() as connection:
                return await self._hold_alone(connection, new)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def settle(self, hold_id: str, charge: Charge) -> Closed:
        """Charge an open hold and release the rest. A closed one stays as it is."""
        outcome: Closed | Exception = await self._batches.put(SettleRequest(hold_id, charge))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def renew(self, hold_id: str, expires_at: datetime, noted: Charge | None = None) -> bool:
        """Renew an open hold; `noted` is its checkpoint, what it would be charged now. Return False if it is closed."""
        values: dict[str, Any] = {"expires_at": expires_at}
        if noted is not None:
            tokens = noted.tokens
            values |= {"tokens_input": tokens.input, "tokens_output": tokens.output, "cost": noted.cost}
        async with self.database.writing() as connection:
            done = await connection.execute(update(hold).where(*_is_open(hold_id)).values(values))
        return bool(done.rowcount)

    async def void(self, hold_id: str, outcome: str) -> Closed:
        """Release an open hold without a charge, and its idempotency key. A closed one stays as it is."""
        async with self.database.writing() as connection:
            if await void(connection, hold_id, outcome, self.now()):
                await free_claim(connection, hold_id)
            return await recorded(connection, hold_id)

    async def sweep(self, most: int = 100) -> list[CallRecord]:
        """Close holds whose time is over and return them; leave alone those that are closed or renewed meanwhile."""
        due = select(hold.c.id, hold.c.expires_at).where(hold.c.state == HoldState.OPEN, hold.c.expires_at < self.now())
        async with self.database.reading() as connection:
            found = (await connection.execute(due.order_by(hold.c.expires_at).limit(most))).all()
        swept = [await self._sweep_one(row.id, row.expires_at) for row in found]
        async with self.database.writing() as connection:
            await drop_expired_claims(connection, self.now())
        return [call for call in swept if call is not None]

    async def keep(self, hold_id: str, answer: StoredAnswer) -> None:
        """Keep the answer of a call that has a claim, for its repetitions."""
        async with self.database.writing() as connection:
            await keep_answer(connection, hold_id, answer)

    async def find_claim(self, key_id: str, digest: str) -> KnownClaim | None:
        """Return what this idempotency key was used for, or None."""
        async with self.database.reading() as connection:
            return await find_claim(connection, key_id, digest, self.now())

    async def close(self) -> None:
        """Wait until all that was asked for is written."""
        await self._batches.idle()

    async def _write(self, requests: Sequence[NewHold | SettleRequest]) -> Sequence[Any]:
        """Write a batch. Return an outcome for each request, or the exception that it failed with."""
        try:
            return await self._write_together(requests)
        except StoreUnavailable as error:
            return [error] * len(requests)
        except Exception as error:
            if len(requests) == 1:
                return [error]
        # One of them cannot be written. Each in its own transaction, only that one fails.
        return [outcome for one in requests for outcome in await self._write([one])]

    async def _write_together(self, requests: Sequence[NewHold | SettleRequest]) -> list[Any]:
        holds = [one for one in requests if isinstance(one, NewHold)]
        settlements = [one for one in requests if isinstance(one, SettleRequest)]
        work = partial(write, holds=holds, requests=settlements, now=self.now())
        written = await self.database.write(work)
        held, settled = iter(written.holds), iter(written.settled)
        return [next(held) if isinstance(one, NewHold) else next(settled) for one in requests]

    async def _hold_with_claim(self, new: NewHold, claim: Claim) -> HoldOutcome:
        try:
            async with self.database.writing() as connection:
                outcome = await self._hold_alone(connection, new)
                if isinstance(outcome, Held) and not await take_claim(connection, claim, new.id, self.now()):
                    raise _ClaimIsTaken
                return outcome
        except _ClaimIsTaken:
            return ClaimTaken()

    async def _hold_alone(self, connection: SqlConnection, new: NewHold) -> Held | TooManyOpen | Insufficient:
        """Open a hold, and its account's balance if it has none. Another call may open the balance meanwhile."""
        outcome = (await write(connection, [new], [], self.now())).holds[0]
        if outcome is not None:
            return outcome
        await open_balance(connection, new.account_id, self.welcome_micro_inr, self.now())
        balance = await balance_of(connection, new.account_id) or Balance(0, 0)
        if balance.posted - balance.held >= new.amount:
            outcome = (await write(connection, [new], [], self.now())).holds[0]
        return outcome or Insufficient(balance)

    async def _sweep_one(self, hold_id: str, expires_at: datetime) -> CallRecord | None:
        """Close an expired hold. A failure is reported, so that it keeps no other hold open."""
        try:
            async with self.database.writing() as connection:
                return await self._close_expired(connection, hold_id, expires_at)
        except StoreUnavailable:
            raise
        except Exception as error:
            report("sweep of a hold", error)
            return None

    async def _close_expired(self, connection: SqlConnection, hold_id: str, expires_at: datetime) -> CallRecord | None:
        unchanged = select(hold).where(*_is_open(hold_id), hold.c.expires_at == expires_at).with_for_update()
        row = (await connection.execute(unchanged)).one_or_none()
        if row is None:
            return None
        if row.cost is None:
            await void(connection, hold_id, EXPIRED, self.now())
            await free_claim(connection, hold_id)
            return (await recorded(connection, hold_id)).call
        checkpoint = Charge(Tokens(row.tokens_input, row.tokens_output), row.cost, EXPIRED, estimated=True)
        return (await write(connection, [], [SettleRequest(hold_id, checkpoint)], self.now())).settled[0].call


class _ClaimIsTaken(Exception):
    """Rolls a transaction back."""


def _is_open(hold_id: str) -> tuple[Any, Any]:
    return hold.c.id == hold_id, hold.c.state == HoldState.OPEN
