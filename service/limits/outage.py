"""The time from a failure of the shared counters until they can be used again."""

import asyncio
import time
from collections.abc import Callable

import structlog

from service.limits.store import Counters, CountersUnreachable
from service.limits.unsynced_usage import Debts
from service.runtime.background import OnFailure, ignore_failure, repeat

MAX_SETTLEMENTS_IN_A_BATCH = 256


class Outage:
    """A circuit breaker. While it lasts only one task calls the counters, for which no call waits.

    The task probes the counters every `retry_after_seconds` and books what is owed. It ends the outage
    when the rest fits in one batch, and calls `on_end`: what is owed then must be settled before
    anything else. (To wait until nothing at all is owed could take for ever, as calls go on.)
    """

    def __init__(
        self,
        counters: Counters,
        debts: Debts,
        retry_after_seconds: float,
        on_end: Callable[[], None],
        on_failure: OnFailure = ignore_failure,
    ) -> None:
        self.lasts = False
        self._counters = counters
        self._debts = debts
        self._retry_after_seconds = retry_after_seconds
        self._on_end = on_end
        self._on_failure = on_failure
        self._began_at_seconds = 0.0
        self._recovery: asyncio.Task[None] | None = None
        self._log = structlog.get_logger()

    def begin(self, reason: str) -> None:
        """The counters failed."""
        if not self.lasts:
            self.lasts = True
            self._began_at_seconds = time.monotonic()
            self._recovery = asyncio.get_running_loop().create_task(repeat("limits", self._recover, self._on_failure))
            self._log.warning("limits.store_lost", reason=reason)

    async def close(self) -> None:
        """Stop probing; try a last time to book what is owed."""
        if self._recovery is None or not self.lasts:
            return
        self._recovery.cancel()
        await asyncio.wait([self._recovery])
        try:
            await self._settle(at_most_left=0)
        except CountersUnreachable as fault:
            self._log.error("limits.calls_not_booked", calls=self._debts.calls, reason=fault.reason)

    async def _recover(self) -> bool:
        """Wait, then try once; return whether the outage is over."""
        await asyncio.sleep(self._retry_after_seconds)
        try:
            await self._settle(at_most_left=MAX_SETTLEMENTS_IN_A_BATCH)
        except CountersUnreachable as fault:
            self._log.debug("limits.store_still_lost", reason=fault.reason)
            return False
        self.lasts = False
        self._log.info("limits.store_recovered", after_seconds=round(time.monotonic() - self._began_at_seconds, 3))
        self._on_end()
        return True

    async def _settle(self, at_most_left: int) -> None:
        await self._counters.reconnect()
        while len(due := self._debts.due()) > at_most_left:
            batch = due[:MAX_SETTLEMENTS_IN_A_BATCH]
            await self._counters.settle(batch)
            self._debts.settled(batch)
