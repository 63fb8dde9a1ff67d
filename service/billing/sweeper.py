"""Closes what calls left open whose process died, or which could not reach the store when they ended."""

import asyncio

import structlog

from service.billing.ledger import CallRecord, HoldState, Ledger
from service.observability.gateway_metrics import GatewayMeters
from service.storage.errors import StoreUnavailable

BATCH = 100


class Sweeper:
    """Sweeps every so many seconds. Every process does: the ledger closes each hold once."""

    def __init__(self, ledger: Ledger, every_seconds: float, meters: GatewayMeters) -> None:
        self.meters = meters
        self.ledger = ledger
        self.every_seconds = every_seconds
        self.log = structlog.get_logger("gateway")

    async def step(self) -> None:
        """Wait, then sweep: to be repeated, for open holds keep money from its owners."""
        await asyncio.sleep(self.every_seconds)
        await self.sweep()

    async def sweep(self) -> None:
        """Once, to the end. A store that is away is tried again the next time."""
        try:
            while swept := await self.ledger.sweep(BATCH):
                for call in swept:
                    self._note(call)
        except StoreUnavailable as error:
            self.log.warning("sweep_failed", reason=str(error))

    def _note(self, call: CallRecord) -> None:
        self.log.warning("hold_expired", call=call.id, state=call.state.value, charged_micro_inr=call.cost)
        self.meters.ended("expired")
        if call.state is HoldState.SETTLED:
            self.meters.charged(call.tokens.input, call.tokens.output, call.cost)
