"""The limiter: shared counters while they can be reached, the operator's policy while they cannot."""

from collections.abc import Callable, Coroutine, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog

from service.limits.account_table import AccountTable
from service.limits.decision import Allowance, Decision, Unavailable
from service.limits.fallback import LocalLimits, StoreClock
from service.limits.outage import Outage, UnsyncedUsage
from service.limits.store import BrokenRecord, CountersUnreachable, LimitRequest, RateLimitStore
from service.runtime.background import OnFailure, ignore_failure
from service.runtime.batching import Batcher

MAX_CALLS_IN_A_BATCH: Final = 512
# In the first the answered calls reply, in the second the next ones come in, in the third they are decided.
TURNS_AFTER_BATCH: Final = 3


class LimitOutcome(StrEnum):
    """How a call was decided, for metrics. The last three were decided without the shared counters."""

    ADMITTED = "admitted"
    REFUSED_RATE = "refused_rate"
    REFUSED_QUOTA = "refused_quota"
    LOCAL = "local"
    OPEN = "open"
    UNAVAILABLE = "unavailable"


OUTCOMES: Final = {
    "rate": LimitOutcome.REFUSED_RATE,
    "quota": LimitOutcome.REFUSED_QUOTA,
    None: LimitOutcome.ADMITTED,
}


class OutagePolicy(StrEnum):
    """What happens to calls while the shared counters cannot be reached."""

    LOCAL = "local"
    OPEN = "open"
    CLOSED = "closed"


def ignore_outcome(outcome: LimitOutcome) -> None:
    """Do nothing with an outcome."""


class Limiter:
    """Decides for one process and one event loop. A fault of the store is never a refusal.

    The workers that share `table` share an account's allowance while the store cannot be reached (policy `local`). Call
    `close` before the loop ends: it books usage that the store has not counted yet.
    """

    def __init__(
        self,
        store: RateLimitStore,
        *,
        policy: str = OutagePolicy.LOCAL,
        table: AccountTable | None = None,
        clock: StoreClock | None = None,
        on_outcome: Callable[[LimitOutcome], None] = ignore_outcome,
        on_failure: OnFailure = ignore_failure,
        retry_after_seconds: float = 1.0,
    ) -> None:
        self._store = store
        self._policy = OutagePolicy(policy)
        self._clock = clock or StoreClock()
        self._on_outcome = on_outcome
        self._local = LocalLimits(table or AccountTable(), self._clock)
        self._usage = UnsyncedUsage(self._local.booked)
        self._batches = Batcher(self._send, MAX_CALLS_IN_A_BATCH, turns_after_batch=TURNS_AFTER_BATCH)
        self._outage = Outage(store, self._usage, retry_after_seconds, self._batches.begin, on_failure)
        self._log = structlog.get_logger()

    @property
    def shared(self) -> bool:
        """Whether limits are shared with the other processes right now."""
        return not self._outage.lasts

    async def hit(self, account_id: str, allowance: Allowance, *, recorded: bool = True) -> Decision | Unavailable:
        """Admit a call and count it, or refuse it at no cost. Nothing changes if it is not `recorded`."""
        request = LimitRequest(account_id, allowance, recorded)
        if self._outage.lasts:
            return self._decide_alone(request, count_later=True)
        try:
            answer = await self._batches.put(request)
        except CountersUnreachable:
            return self._decide_alone(request, count_later=True)
        if isinstance(answer, BrokenRecord):
            self._log.error("limits.record_broken", account_id=request.account_id, reason=answer.reason)
            return self._decide_alone(request, count_later=False)
        if request.recorded:
            self._on_outcome(OUTCOMES[answer.refused_by])
        return answer

    def peek(self, account_id: str, allowance: Allowance) -> Coroutine[Any, Any, Decision | Unavailable]:
        """Return what `hit` would return now. Nothing changes."""
        return self.hit(account_id, allowance, recorded=False)

    async def close(self) -> None:
        """Wait for the batch that is on its way, and try once to book unsynced usage."""
        await self._batches.idle()
        await self._outage.close()

    def _report(self, request: LimitRequest, outcome: LimitOutcome) -> None:
        if request.recorded:
            self._on_outcome(outcome)

    async def _send(self, requests: Sequence[LimitRequest]) -> Sequence[Decision | BrokenRecord]:
        due = () if self._usage.is_empty else self._usage.due()
        batch = self._usage.next_batch()
        try:
            answers = await self._store.decide(requests, batch, due)
        except CountersUnreachable as fault:
            recorded = (request.account_id for request in requests if request.recorded)
            self._usage.lose_reply(recorded, batch, self._clock.month())
            self._outage.begin(fault.reason)
            raise
        if due:
            self._usage.booked(due)
        if self._policy is OutagePolicy.LOCAL:
            self._local.note_all(requests, answers)
        elif answers and isinstance(answers[-1], Decision):
            self._clock.follow(answers[-1].decided_at_microseconds)
        return answers

    def _decide_alone(self, request: LimitRequest, *, count_later: bool) -> Decision | Unavailable:
        """Follow the policy. With `count_later` an admitted call is booked when the store is back."""
        if self._policy is OutagePolicy.CLOSED:
            self._report(request, LimitOutcome.UNAVAILABLE)
            return Unavailable()
        decision: Decision | None
        if self._policy is OutagePolicy.OPEN:
            outcome, decision = LimitOutcome.OPEN, self._unlimited(request.allowance)
        else:
            outcome, decision = LimitOutcome.LOCAL, self._local.decide(request, count_later=count_later)
        if decision is None:
            self._report(request, LimitOutcome.UNAVAILABLE)
            return Unavailable()
        if decision.admitted and request.recorded and count_later:
            self._usage.add(request.account_id, self._clock.month())
        self._report(request, outcome)
        return decision

    def _unlimited(self, allowance: Allowance) -> Decision:
        return Decision(True, None, allowance, None, 0, None, 0, self._clock.now_microseconds())
