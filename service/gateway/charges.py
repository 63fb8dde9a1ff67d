"""Where calls are paid: money is held for an order, and the hold is closed with a bill or without."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from service.billing.ledger import (
    Charge,
    ClaimTaken,
    Closed,
    Held,
    Insufficient,
    Ledger,
    NewHold,
    StoredAnswer,
    TooManyOpen,
)
from service.billing.money import MAX_MICRO_INR, TokenPrices, Tokens, shown
from service.gateway.bill import BALANCE_DECIMALS, COST_DECIMALS, Bill, Purse
from service.gateway.order import Order
from service.http import json
from service.http.errors import CALL_RUNNING, INSUFFICIENT_CREDITS, INTERNAL, TOO_MANY_CALLS, UNAVAILABLE, Refusal
from service.observability.gateway_metrics import GatewayMeters
from service.runtime.background import report
from service.storage.errors import StoreUnavailable

# The pauses for which a caller waits for a store that is away when the answer is there and has to be charged.
PAUSES_SECONDS = (0.05, 0.2, 0.5, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Terms:
    """What calls cost, and what is shown of it. `lease_seconds` is how long a hold lives without renewal."""

    tariff: TokenPrices
    lease_seconds: float
    calls_at_once: int
    warning_micro_inr: int
    top_up_url: str | None


class Till:
    """Holds and settles. `now` gives the time."""

    def __init__(
        self,
        ledger: Ledger,
        terms: Terms,
        now: Callable[[], datetime],
        meters: GatewayMeters,
        pauses_seconds: Sequence[float] = PAUSES_SECONDS,
    ) -> None:
        self.ledger = ledger
        self.terms = terms
        self.now = now
        self.meters = meters
        self.pauses_seconds = pauses_seconds
        self.log = structlog.get_logger("gateway")

    async def hold(self, order: Order) -> Purse | Refusal:
        """Set the most aside that the order can cost, or say why it cannot be."""
        needed = self.terms.tariff.cost(order.bound)
        try:
            held = await self._held(order, needed)
        except Exception:
            self.log.exception("hold_broke", call=order.id)
            await self._release(order, INTERNAL.code)  # it may have been written all the same
            held = INTERNAL
        if isinstance(held, Refusal):
            self.meters.ended(held.code)
        else:
            self.meters.held(needed)
        return held

    async def _held(self, order: Order, needed: int) -> Purse | Refusal:
        if needed > MAX_MICRO_INR:
            return INSUFFICIENT_CREDITS
        new = NewHold(
            id=order.id,
            trace_id=order.trace_id,
            account_id=order.principal.account_id,
            key_id=order.principal.key_id,
            amount=needed,
            streamed=order.request.stream,
            expires_at=self._lease(),
            most_open=self.terms.calls_at_once,
        )
        try:
            outcome = await self.ledger.hold(new, order.claim)
        except StoreUnavailable:
            return UNAVAILABLE
        match outcome:
            case Held():
                return Purse(outcome.balance, outcome.key_spent, self.terms.warning_micro_inr)
            case Insufficient():
                return self._insufficient(order, needed, outcome)
            case TooManyOpen():
                return TOO_MANY_CALLS.saying(f"This key has {outcome.limit} open calls, and may not have more.")
            case ClaimTaken():
                return CALL_RUNNING

    async def renew(self, order: Order, used: Tokens | None) -> None:
        """Prolong the hold; `used` is what is charged if this process dies now. A store that is away is waited out."""
        noted = None
        if used is not None:
            tokens = self.terms.tariff.within(used, order.bound)
            noted = Charge(tokens, self.terms.tariff.cost(tokens), "")
        try:
            await self.ledger.renew(order.id, self._lease(), noted)
        except Exception as error:
            self.log.warning("hold_not_renewed", call=order.id, **_reason(error))

    async def settle(
        self, order: Order, used: Tokens, outcome: str, *, estimated: bool, usage_fault: str | None = None
    ) -> Bill | None:
        """Charge what was used, up to what was held; None if the store stays away.

        Then the hold is closed later, by the sweeper, at its last checkpoint.
        """
        tariff = self.terms.tariff
        tokens = tariff.within(used, order.bound)
        overrun = min(tariff.cost(used) - tariff.cost(tokens), MAX_MICRO_INR)
        if overrun:
            self.log.error("usage_above_hold", call=order.id, reported=str(tuple(used))[:200], bound=tuple(order.bound))
        if usage_fault is not None:
            self.log.warning("usage_inconsistent", call=order.id, fault=usage_fault, charged=tuple(tokens))
            self.meters.usage_inconsistent(usage_fault)
        charge = Charge(tokens, tariff.cost(tokens), outcome, estimated, overrun, usage_fault)
        for pause_seconds in (*self.pauses_seconds, None):
            try:
                closed = await self.ledger.settle(order.id, charge)
            except Exception as error:  # whatever it is, the answer is there, and its charge is tried again
                self.log.error("charge_not_written", call=order.id, **_reason(error))
                if pause_seconds is not None:
                    await asyncio.sleep(pause_seconds)
            else:
                try:
                    self._note_settled(order, charge, closed)
                except Exception as error:
                    report("numbers of a charge", error)
                return Bill.of(closed, self.terms.warning_micro_inr)
        self._note_ended(order, "charge_not_written")
        return None

    async def void(self, order: Order, outcome: str) -> None:
        """Release the hold. If the store is away, the sweeper does it."""
        self._note_ended(order, outcome)
        await self._release(order, outcome)

    async def keep(self, order: Order, answer: StoredAnswer | None) -> None:
        """Keep the answer for repeated calls, if there is one and the order has an idempotency key."""
        if order.claim is None or answer is None:
            return
        try:
            await self.ledger.keep(order.id, answer)
        except Exception as error:
            self.log.warning("answer_not_kept", call=order.id, **_reason(error))

    async def _release(self, order: Order, outcome: str) -> None:
        try:
            await self.ledger.void(order.id, outcome)
        except Exception as error:
            self.log.warning("hold_not_released", call=order.id, **_reason(error))

    def _note_settled(self, order: Order, charge: Charge, closed: Closed) -> None:
        """Count the charge, unless the sweeper, which counts it too, was there before."""
        self._note_ended(order, charge.outcome)
        if closed.call.outcome == charge.outcome:
            self.meters.charged(charge.tokens.input, charge.tokens.output, charge.cost)
        tokens = closed.call.tokens
        order.span.note(lambda: {"weighbridge.tokens_input": tokens.input, "weighbridge.tokens_output": tokens.output})

    def _note_ended(self, order: Order, outcome: str) -> None:
        self.meters.ended(outcome, self.terms.tariff.cost(order.bound))

    def _lease(self) -> datetime:
        return self.now() + timedelta(seconds=self.terms.lease_seconds)

    def _insufficient(self, order: Order, needed: int, outcome: Insufficient) -> Refusal:
        available = outcome.balance.available
        fits = self.terms.tariff.largest_output(order.bound.input, available) or 0
        largest = fits // order.request.choices
        details: dict[str, json.Value] = {
            "needed_inr": shown(needed, COST_DECIMALS),
            "available_inr": shown(available, COST_DECIMALS),
            "largest_max_tokens": largest,
        }
        if self.terms.top_up_url is not None:
            details["top_up_url"] = self.terms.top_up_url
        advice = f"send max_tokens of at most {largest}" if largest else "top up or send a shorter prompt"
        refusal = INSUFFICIENT_CREDITS.saying(
            f"This request may cost INR {shown(needed, COST_DECIMALS)}; INR {shown(available, BALANCE_DECIMALS)} "
            f"is available: {advice}."
        )
        purse = Purse(outcome.balance, 0, self.terms.warning_micro_inr)
        headers = [header for header in purse.headers() if header[0] != b"x-credit-spent-inr"]
        return Refusal(402, refusal.code, refusal.message, tuple(headers), details=details)


def _reason(error: Exception) -> dict[str, Any]:
    """What to log of it: a store that is away is known, all else has a traceback."""
    return {"reason": str(error)} if isinstance(error, StoreUnavailable) else {"exc_info": error}
