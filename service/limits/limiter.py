"""The limiter: shared counters while they answer, the operator's policy while they do not."""

from collections.abc import Callable, Coroutine, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog

from service.limits.account_table import AccountTable
from service.limits.decision import Allowance, Decision, Unavailable
from service.limits.fallback import LocalLimits
from service.limits.outage import Outage
from service.limits.store import BrokenRecord, Call, Counters, CountersUnreachable
from service.limits.store_clock import StoreClock
from service.limits.unsynced_usage import Debts
from service.runtime.background import OnFailure, ignore_failure
from service.runtime.batching import Batcher

MAX_CALLS_IN_A_BATCH = 512
# In the first the answered calls reply, in the second the next ones come in, in the third they are decided.
TURNS_AFTER_BATCH: Final = 3


class Outcome(StrEnum):
    """What became of a call, for metrics. The last three were decided without the shared counters."""

    ADMITTED = "admitted"
    REFUSED_RATE = "refused_rate"
    REFUSED_QUOTA = "refused_quota"
    LOCAL = "local"
    OPEN = "open"
    UNAVAILABLE = "unavailable"


OUTCOMES: Final = {"rate": Outcome.REFUSED_RATE, "quota": Outcome.REFUSED_QUOTA, None: Outcome.ADMITTED}


class Policy(StrEnum):
    """What happens to calls while the shared counters cannot be reached."""

    LOCAL = "local"
    OPEN = "open"
    CLOSED = "closed"


def ignore_outcome(outcome: Outcome) -> None:
    """Count no outcomes."""


class Limiter:
    """Decides for one process and one event loop. A fault of the counters is never a refusal.

    The workers that share `table` share an account's allowance while the counters are away (policy `local`). Call
    `close` before the loop ends: it books what is still owed.
    """

    def __init__(
        self,
        counters: Counters,
        *,
        policy: str = Policy.LOCAL,
        table: AccountTable | None = None,
        clock: StoreClock | None = None,
        on_outcome: Callable[[Outcome], None] = ignore_outcome,
        on_failure: OnFailure = ignore_failure,
        retry_after_seconds: float = 1.0,
    ) -> None:
        self._counters = counters
        self._policy = Policy(policy)
        self._clock = clock or StoreClock()
        self._on_outcome = on_outcome
        self._local = LocalLimits(table or AccountTable(), self._clock)
        self._debts = Debts(self._local.settled)
        self._batches = Batcher(self._send, MAX_CALLS_IN_A_BATCH, turns_after_batch=TURNS_AFTER_BATCH)
        self._outage = Outage(counters, self._debts, retry_after_seconds, self._batches.begin, on_failure)
        self._log = structlog.get_logger()

    @property
    def shared(self) -> bool:
        """Whether limits are shared with the other processes right now."""
        return not self._outage.lasts

    def hit(self, account_id: str, allowance: Allowance) -> Coroutine[Any, Any, Decision | Unavailable]:
        """Admit a call and count it, or refuse it at no cost."""
        return self._decide(Call(account_id, allowance, True))

    def peek(self, account_id: str, allowance: Allowance) -> Coroutine[Any, Any, Decision | Unavailable]:
        """What `hit` would answer now. Nothing changes."""
        return self._decide(Call(account_id, allowance, False))

    async def close(self) -> None:
        """Finish what is on its way, and try once to book what is owed."""
        await self._batches.idle()
        await self._outage.close()

    async def _decide(self, call: Call) -> Decision | Unavailable:
        if self._outage.lasts:
            return self._decide_alone(call, owed=True)
        try:
            answer = await self._batches.put(call)
        except CountersUnreachable:
            return self._decide_alone(call, owed=True)
        if isinstance(answer, BrokenRecord):
            self._log.error("limits.record_broken", account_id=call.account_id, reason=answer.reason)
            return self._decide_alone(call, owed=False)
        if call.recorded:
            self._on_outcome(OUTCOMES[answer.refused_by])
        return answer

    def _tell(self, call: Call, outcome: Outcome) -> None:
        """Only calls that count are counted."""
        if call.recorded:
            self._on_outcome(outcome)

    async def _send(self, calls: Sequence[Call]) -> Sequence[Decision | BrokenRecord]:
        due = self._debts.due()
        batch = self._debts.next_batch()
        try:
            answers = await self._counters.decide(calls, batch, due)
        except CountersUnreachable as fault:
            recorded = (call.account_id for call in calls if call.recorded)
            self._debts.lose(recorded, batch, self._clock.month())
            self._outage.begin(fault.reason)
            raise
        self._debts.settled(due)
        if answers and isinstance(answers[-1], Decision):
            self._clock.follow(answers[-1].decided_at_microseconds)
        if self._policy is Policy.LOCAL:
            self._note(calls, answers)
        return answers

    def _note(self, calls: Sequence[Call], answers: Sequence[Decision | BrokenRecord]) -> None:
        now = self._clock.monotonic_microseconds()
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, Decision):
                self._local.note(call.account_id, answer, now)

    def _decide_alone(self, call: Call, *, owed: bool) -> Decision | Unavailable:
        """Follow the policy. With `owed` an admitted call is booked when the counters are back."""
        if self._policy is Policy.CLOSED:
            self._tell(call, Outcome.UNAVAILABLE)
            return Unavailable()
        outcome = Outcome.OPEN if self._policy is Policy.OPEN else Outcome.LOCAL
        decision = self._unlimited(call.allowance) if outcome is Outcome.OPEN else self._local.decide(call, owed=owed)
        if decision is None:
            self._tell(call, Outcome.UNAVAILABLE)
            return Unavailable()
        if decision.admitted and call.recorded and owed:
            self._debts.owe(call.account_id, self._clock.month())
        self._tell(call, outcome)
        return decision

    def _unlimited(self, allowance: Allowance) -> Decision:
        return Decision(True, None, allowance, None, 0, None, 0, self._clock.now_microseconds())
