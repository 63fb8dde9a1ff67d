"""The time from a failure of the shared counters until everything owed to them is booked."""

import asyncio
import time

import structlog

from service.limits.counters import Counters, CountersUnreachable
from service.limits.debts import Debts

MOST_SETTLEMENTS_IN_A_BATCH = 256


class Outage:
    """A circuit breaker. While it lasts nobody calls the counters but one task, which probes them
    every `retry_after_seconds`, books what is owed, and ends the outage. No call waits for it.
    """

    def __init__(self, counters: Counters, debts: Debts, retry_after_seconds: float) -> None:
        self._counters = counters
        self._debts = debts
        self._retry_after_seconds = retry_after_seconds
        self._recovery: asyncio.Task[None] | None = None
        self._began_at_seconds = 0.0
        self._log = structlog.get_logger()

    @property
    def lasts(self) -> bool:
        """Whether the counters must be left alone."""
        return self._recovery is not None and not self._recovery.done()

    def begin(self, reason: str) -> None:
        """The counters failed."""
        if not self.lasts:
            self._began_at_seconds = time.monotonic()
            self._recovery = asyncio.get_running_loop().create_task(self._recover())
            self._log.warning("limits.store_lost", reason=reason)

    async def close(self) -> None:
        """Stop probing; try a last time to book what is owed."""
        if self._recovery is None or self._recovery.done():
            return
        self._recovery.cancel()
        await asyncio.wait([self._recovery])
        try:
            await self._settle()
        except CountersUnreachable as fault:
            self._log.error("limits.calls_not_booked", calls=self._debts.calls, reason=fault.reason)

    async def _recover(self) -> None:
        booked = None
        while booked is None:
            await asyncio.sleep(self._retry_after_seconds)
            try:
                booked = await self._settle()
            except CountersUnreachable as fault:
                self._log.debug("limits.store_still_lost", reason=fault.reason)
        seconds = round(time.monotonic() - self._began_at_seconds, 3)
        self._log.info("limits.store_recovered", after_seconds=seconds, calls_booked=booked)

    async def _settle(self) -> int:
        """Book everything. Calls go on meanwhile and may owe more: the last round finds nothing."""
        booked = 0
        await self._counters.reconnect()
        while due := self._debts.due(MOST_SETTLEMENTS_IN_A_BATCH):
            await self._counters.settle(due)
            self._debts.settled(due)
            booked += sum(settlement.calls for settlement in due)
        return booked
