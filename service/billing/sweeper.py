"""Closing the holds of calls whose process died, or that could not reach the database when they ended."""

import asyncio

import structlog

from service.billing.ledger import CallRecord, HoldState, Ledger
from service.observability.metrics import GatewayMeters
from service.storage.errors import StoreUnavailable

MAX_HOLDS_PER_SWEEP = 100


class Sweeper:
    """Closes expired holds every `every_seconds`. All processes do so; the ledger closes each hold once."""

    def __init__(self, ledger: Ledger, every_seconds: float, meters: GatewayMeters) -> None:
        self.meters = meters
        self.ledger = ledger
        self.every_seconds = every_seconds
        self.log = structlog.get_logger("gateway")

    async def step(self) -> None:
        """Wait for `every_seconds`, then close all expired holds. The caller repeats this."""
        await asyncio.sleep(self.every_seconds)
        await self.sweep()

    async def sweep(self) -> None:
        """Close all expired holds. If the store is away, log it: the next sweep tries again."""
        try:
            while swept := await self.ledger.sweep(MAX_HOLDS_PER_SWEEP):
                for call in swept:
                    self._record(call)
        except StoreUnavailable as error:
            self.log.warning("sweep_failed", reason=str(error))

    def _record(self, call: CallRecord) -> None:
        self.log.warning("hold_expired", call=call.id, state=call.state.value, charged_micro_inr=call.cost)
        charged = (*call.tokens, call.cost) if call.state is HoldState.SETTLED else None
        self.meters.ended("expired", charged=charged)
