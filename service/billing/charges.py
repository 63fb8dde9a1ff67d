"""Paying for calls: authorize the most that a call can cost, then capture what it did cost, or release the hold.

Every hold has a lease. If the process dies or the database stays away, the sweeper closes the hold when the lease ends.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from service.billing.ledger import (
    Balance,
    Charge,
    Claim,
    ClaimTaken,
    Closed,
    Held,
    Insufficient,
    Ledger,
    NewHold,
    StoredAnswer,
    TooManyOpen,
)
from service.billing.money import MAX_MICRO_INR, TokenPrices, Tokens, shown, shown_each, shown_short
from service.http import json
from service.http.errors import CALL_RUNNING, INSUFFICIENT_CREDITS, INTERNAL, TOO_MANY_CALLS, UNAVAILABLE, Refusal
from service.http.responses import Header
from service.observability.metrics import GatewayMeters
from service.observability.tracing import NO_SPAN, Span
from service.runtime.background import report
from service.storage.errors import StoreUnavailable

# Pauses between attempts to write a charge, while the caller waits for an answer that is already there.
RETRY_PAUSES_SECONDS = (0.05, 0.2, 0.5, 1, 2, 3)
COST_DECIMALS = 6
BALANCE_DECIMALS = 4
WARNING_HEADER = b"x-credit-warning"


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """The tariff, the limits of a call, and what callers are shown. A hold that is not renewed ends after its lease."""

    tariff: TokenPrices
    lease_seconds: float
    max_open_calls: int
    warning_micro_inr: int
    top_up_url: str | None


class BillableCall(NamedTuple):
    """What billing has to know of a call: who pays, and the most tokens that may be charged for all its choices."""

    id: str
    trace_id: str
    account_id: str
    key_id: str
    bound: Tokens
    choices: int
    streamed: bool
    claim: Claim | None = None
    span: Span = NO_SPAN


class BalanceSnapshot(NamedTuple):
    """An account's balance and a key's spending after an operation of the ledger.

    Below a posted balance of `warning_micro_inr` the caller is warned.
    """

    balance: Balance
    key_spent_micro_inr: int
    warning_micro_inr: int

    def headers(self) -> list[Header]:
        """Return the balance, the key's spending and, if the balance is low, the warning."""
        return self.headers_of(*shown_each(self.amounts))

    @property
    def amounts(self) -> tuple[tuple[int, int], ...]:
        """The balance and the key's spending, each with the decimals that it is shown with."""
        return (self.balance.posted, BALANCE_DECIMALS), (self.key_spent_micro_inr, COST_DECIMALS)

    def headers_of(self, balance: str, spent: str) -> list[Header]:
        """Return the headers for the amounts as they are shown."""
        headers = [(b"x-credit-balance-inr", balance.encode()), (b"x-credit-spent-inr", spent.encode())]
        if self.is_low:
            headers.append((WARNING_HEADER, self.warning.encode()))
        return headers

    @property
    def is_low(self) -> bool:
        """Whether the posted balance is below the threshold, compared in micro-rupees."""
        return self.balance.posted < self.warning_micro_inr

    @property
    def warning(self) -> str:
        """The warning as an ASCII sentence, as header values require."""
        return f"Low balance: less than INR {shown_short(self.warning_micro_inr)} left."


class CallBill(NamedTuple):
    """What a captured call was charged. `estimated` is true if the tokens are not those that the upstream reported."""

    tokens: Tokens
    cost_micro_inr: int
    estimated: bool
    snapshot: BalanceSnapshot

    @classmethod
    def of(cls, closed: Closed, warning_micro_inr: int) -> "CallBill":
        """Return the bill for a hold that the ledger has closed."""
        call = closed.call
        snapshot = BalanceSnapshot(closed.balance, closed.key_spent, warning_micro_inr)
        return cls(call.tokens, call.cost, call.estimated, snapshot)

    def headers(self) -> list[Header]:
        """Return the headers of the balance, the cost and the tokens."""
        balance, spent, cost = shown_each((*self.snapshot.amounts, (self.cost_micro_inr, COST_DECIMALS)))
        return [
            *self.snapshot.headers_of(balance, spent),
            (b"x-request-cost-inr", cost.encode()),
            (b"x-tokens-input", str(self.tokens.input).encode()),
            (b"x-tokens-output", str(self.tokens.output).encode()),
        ]

    def usage(self) -> dict[str, int]:
        """Return the charged tokens in OpenAI's `usage` format."""
        return {
            "prompt_tokens": self.tokens.input,
            "completion_tokens": self.tokens.output,
            "total_tokens": sum(self.tokens),
        }

    def properties(self) -> dict[str, json.Value]:
        """Return the object `billing` of a chunk. Amounts are decimal strings, as in the headers."""
        properties: dict[str, json.Value] = {
            "request_cost_inr": shown(self.cost_micro_inr, COST_DECIMALS),
            "credit_balance_inr": shown(self.snapshot.balance.posted, BALANCE_DECIMALS),
            "credit_spent_inr": shown(self.snapshot.key_spent_micro_inr, COST_DECIMALS),
            "tokens_input": self.tokens.input,
            "tokens_output": self.tokens.output,
            "estimated": self.estimated,
        }
        return properties | ({"credit_warning": self.snapshot.warning} if self.snapshot.is_low else {})

    def comment(self) -> bytes:
        """Return the headers without the warning as one comment line of a stream, which SSE clients ignore."""
        words = " ".join(
            f"{name.decode()}={value.decode()}" for name, value in self.headers() if b"warning" not in name
        )
        return f": {words}\n\n".encode()


class Billing:
    """Authorizes, captures and releases the money of calls. `now` returns the current time in UTC."""

    def __init__(
        self,
        ledger: Ledger,
        terms: BillingTerms,
        now: Callable[[], datetime],
        meters: GatewayMeters,
        pauses_seconds: Sequence[float] = RETRY_PAUSES_SECONDS,
    ) -> None:
        self.ledger = ledger
        self.terms = terms
        self.now = now
        self.meters = meters
        self.pauses_seconds = pauses_seconds
        self.log = structlog.get_logger("gateway")

    async def authorize(self, call: BillableCall) -> BalanceSnapshot | Refusal:
        """Hold the most that the call can cost. Return the balance after it, or why the call is refused."""
        amount = self.terms.tariff.cost(call.bound)
        try:
            outcome = await self._hold(call, amount)
        except Exception:
            self.log.exception("hold_broke", call=call.id)
            await self._release_hold(call, INTERNAL.code)  # the transaction may have been committed
            outcome = INTERNAL
        if isinstance(outcome, Refusal):
            self.meters.ended(outcome.code)
        else:
            self.meters.held(amount)
        return outcome

    async def renew(self, call: BillableCall, used: Tokens | None) -> None:
        """Extend the lease, and record `used` as what is charged if this process dies. Log a fault of the store."""
        checkpoint = None
        if used is not None:
            tokens, cost = self.terms.tariff.charge(used, call.bound)
            checkpoint = Charge(tokens, cost, "")
        try:
            await self.ledger.renew(call.id, self._lease_end(), checkpoint)
        except Exception as error:
            self.log.warning("hold_not_renewed", call=call.id, **_reason(error))

    async def capture(
        self, call: BillableCall, used: Tokens, outcome: str, *, estimated: bool, usage_fault: str | None = None
    ) -> CallBill | None:
        """Charge the used tokens, at most those that were authorized, and return the bill.

        Return None if the store stays away: then the sweeper closes the hold at its last checkpoint.
        """
        charge = self._charge(call, used, outcome, estimated=estimated, usage_fault=usage_fault)
        for pause_seconds in (*self.pauses_seconds, None):
            try:
                closed = await self.ledger.settle(call.id, charge)
            except Exception as error:  # of any kind: the answer is there, and a repeated charge is written once
                self.log.error("charge_not_written", call=call.id, **_reason(error))
                if pause_seconds is not None:
                    await asyncio.sleep(pause_seconds)
            else:
                try:
                    self._count_charge(call, charge, closed)
                except Exception as error:
                    report("numbers of a charge", error)
                return CallBill.of(closed, self.terms.warning_micro_inr)
        self._count_end(call, "charge_not_written")
        return None

    async def release(self, call: BillableCall, outcome: str) -> None:
        """Release the hold without a charge. If the store is away, the sweeper releases it."""
        self._count_end(call, outcome)
        await self._release_hold(call, outcome)

    async def store_answer(self, call: BillableCall, answer: StoredAnswer) -> None:
        """Store the answer of a call with an idempotency key, for its repetitions. Log a fault of the store."""
        try:
            await self.ledger.keep(call.id, answer)
        except Exception as error:
            self.log.warning("answer_not_kept", call=call.id, **_reason(error))

    async def _hold(self, call: BillableCall, amount: int) -> BalanceSnapshot | Refusal:
        if amount > MAX_MICRO_INR:
            return INSUFFICIENT_CREDITS
        new = NewHold(
            id=call.id,
            trace_id=call.trace_id,
            account_id=call.account_id,
            key_id=call.key_id,
            amount=amount,
            streamed=call.streamed,
            expires_at=self._lease_end(),
            most_open=self.terms.max_open_calls,
        )
        try:
            outcome = await self.ledger.hold(new, call.claim)
        except StoreUnavailable:
            return UNAVAILABLE
        match outcome:
            case Held():
                return BalanceSnapshot(outcome.balance, outcome.key_spent, self.terms.warning_micro_inr)
            case Insufficient():
                return self._refuse_credit(call, amount, outcome)
            case TooManyOpen():
                return TOO_MANY_CALLS.saying(f"This key already has {outcome.limit} requests in progress, the maximum.")
            case ClaimTaken():
                return CALL_RUNNING

    def _charge(
        self, call: BillableCall, used: Tokens, outcome: str, *, estimated: bool, usage_fault: str | None
    ) -> Charge:
        """Return the charge, and log what the upstream reported beyond the hold or inconsistently."""
        tariff = self.terms.tariff
        tokens, cost = tariff.charge(used, call.bound)
        overrun = 0 if tokens == used else min(tariff.cost(used) - cost, MAX_MICRO_INR)
        if overrun:
            self.log.error("usage_above_hold", call=call.id, reported=str(tuple(used))[:200], bound=tuple(call.bound))
        if usage_fault is not None:
            self.log.warning("usage_inconsistent", call=call.id, fault=usage_fault, charged=tuple(tokens))
            self.meters.usage_inconsistent(usage_fault)
        return Charge(tokens, cost, outcome, estimated, overrun, usage_fault)

    async def _release_hold(self, call: BillableCall, outcome: str) -> None:
        try:
            await self.ledger.void(call.id, outcome)
        except Exception as error:
            self.log.warning("hold_not_released", call=call.id, **_reason(error))

    def _count_charge(self, call: BillableCall, charge: Charge, closed: Closed) -> None:
        """Count the charge, unless the sweeper closed the hold before, which counts its own charges."""
        charged = (*charge.tokens, charge.cost) if closed.call.outcome == charge.outcome else None
        self.meters.ended(charge.outcome, closed.call.amount, charged)
        if call.span is not NO_SPAN:
            tokens = closed.call.tokens
            facts = {"weighbridge.tokens_input": tokens.input, "weighbridge.tokens_output": tokens.output}
            call.span.note(lambda: facts)

    def _count_end(self, call: BillableCall, outcome: str) -> None:
        self.meters.ended(outcome, self.terms.tariff.cost(call.bound))

    def _lease_end(self) -> datetime:
        return self.now() + timedelta(seconds=self.terms.lease_seconds)

    def _refuse_credit(self, call: BillableCall, needed: int, outcome: Insufficient) -> Refusal:
        """Return the 402 with what the call needs, what is available, and the largest `max_tokens` that would fit."""
        available = outcome.balance.available
        fits = self.terms.tariff.largest_output(call.bound.input, available) or 0
        largest = fits // call.choices
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
        snapshot = BalanceSnapshot(outcome.balance, 0, self.terms.warning_micro_inr)
        headers = [header for header in snapshot.headers() if header[0] != b"x-credit-spent-inr"]
        return Refusal(402, refusal.code, refusal.message, tuple(headers), details=details)


def _reason(error: Exception) -> dict[str, Any]:
    """Return what to log of an error: the message of an unavailable store, the traceback of anything else."""
    return {"reason": str(error)} if isinstance(error, StoreUnavailable) else {"exc_info": error}
