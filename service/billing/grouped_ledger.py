"""The ledger for many concurrent calls: what is asked while a transaction is written goes together into the next.

Each call is answered only after the commit that holds its row; one commit serves all that waited for it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from service.billing.ledger import Call, Charge, Claim, Closed, Held, HoldOutcome, KnownClaim, NewHold, StoredAnswer
from service.billing.sql_batch import Batch, Settlement, Written, write
from service.billing.sql_ledger import SqlLedger
from service.storage.sql.rows import RowWriter, StatementFailed

MAX_AT_ONCE = 200
# Of the event loop. Calls that have come together need about as many until each has asked for its money.
TURNS_TO_GATHER = 6

Asked = TypeVar("Asked")
Outcome = TypeVar("Outcome")


class _Waiting(NamedTuple, Generic[Asked, Outcome]):
    """Something that is asked for, and who waits for it; None means that it has to be done by itself."""

    asked: Asked
    outcome: "asyncio.Future[Outcome | None]"


class GroupedLedger:
    """A Ledger. What is rare, or does not go together with others, is done by `single`, each in its own transaction."""

    def __init__(self, single: SqlLedger) -> None:
        self.single = single
        self.rows = RowWriter(single.database)
        self._holds: list[_Waiting[NewHold, Held]] = []
        self._settlements: list[_Waiting[Settlement, Closed]] = []
        self._writing: asyncio.Task[None] | None = None

    async def hold(self, new: NewHold, claim: Claim | None = None) -> HoldOutcome:
        """See Ledger."""
        if claim is not None:
            return await self.single.hold(new, claim)
        waiting: _Waiting[NewHold, Held] = _Waiting(new, asyncio.get_running_loop().create_future())
        self._holds.append(waiting)
        return await self._answered(waiting) or await self.single.hold(new)

    async def settle(self, hold_id: str, charge: Charge) -> Closed:
        """See Ledger."""
        waiting: _Waiting[Settlement, Closed] = _Waiting(
            Settlement(hold_id, charge), asyncio.get_running_loop().create_future()
        )
        self._settlements.append(waiting)
        return await self._answered(waiting) or await self.single.settle(hold_id, charge)

    async def renew(self, hold_id: str, expires_at: datetime, noted: Charge | None = None) -> bool:
        """See Ledger."""
        return await self.single.renew(hold_id, expires_at, noted)

    async def void(self, hold_id: str, outcome: str) -> Closed:
        """See Ledger."""
        return await self.single.void(hold_id, outcome)

    async def keep(self, hold_id: str, answer: StoredAnswer) -> None:
        """See Ledger."""
        await self.single.keep(hold_id, answer)

    async def sweep(self, most: int = 100) -> list[Call]:
        """See Ledger."""
        return await self.single.sweep(most)

    async def find_claim(self, key_id: str, digest: str) -> KnownClaim | None:
        """See Ledger."""
        return await self.single.find_claim(key_id, digest)

    async def close(self) -> None:
        """Write what waits, and close the connection."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await self.rows.close()

    async def _answered(self, waiting: _Waiting[Asked, Outcome]) -> Outcome | None:
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await waiting.outcome

    async def _write_all(self) -> None:
        try:
            while self._holds or self._settlements:
                await self._gather()
                holds, self._holds = self._holds[:MAX_AT_ONCE], self._holds[MAX_AT_ONCE:]
                settlements, self._settlements = self._settlements[:MAX_AT_ONCE], self._settlements[MAX_AT_ONCE:]
                await self._write(holds, settlements)
        finally:
            self._writing = None

    async def _gather(self) -> None:
        """Let others ask as well: some turns of the loop cost less than one more transaction."""
        for _ in range(TURNS_TO_GATHER):
            await asyncio.sleep(0)

    async def _write(
        self, holds: Sequence[_Waiting[NewHold, Held]], settlements: Sequence[_Waiting[Settlement, Closed]]
    ) -> None:
        try:
            written = await self._written(Batch([one.asked for one in holds], [one.asked for one in settlements]))
            held = list(zip(holds, written.holds, strict=True))
            closed = list(zip(settlements, written.settlements, strict=True))
        except Exception as error:  # whatever it is, it is raised for all who wait
            outcomes: list[asyncio.Future[Any]] = [one.outcome for one in holds] + [one.outcome for one in settlements]
            for outcome in outcomes:
                if not outcome.done():
                    outcome.set_exception(error)
            return
        for hold, its_money in held:
            if not hold.outcome.done():
                hold.outcome.set_result(its_money)
        for settlement, its_end in closed:
            if not settlement.outcome.done():
                settlement.outcome.set_result(its_end)

    async def _written(self, batch: Batch) -> Written:
        try:
            return await self.rows.transact(lambda rows: write(rows, batch, self.single.now()))
        except StatementFailed:
            # One of them cannot be written. Each by itself, only that one fails.
            return Written([None] * len(batch.holds), [None] * len(batch.settlements))
