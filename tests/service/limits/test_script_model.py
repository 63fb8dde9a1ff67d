"""The script against the oracle, over random histories: clock steps, lost replies, late and repeated calls."""

import os
from dataclasses import dataclass
from itertools import count

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.promises.figure import Figure
from tests.service.limits.oracle import Oracle, instant, month_number, utc
from tests.service.limits.script import Script, keys, recorded
from tests.service.store_process import StoreProcess

SECOND = 1_000_000
DAY = 86_400 * SECOND
EXAMPLES = int(os.environ.get("LIMITER_TEST_EXAMPLES", "15"))
LIMIT, WINDOW, QUOTA = 3, 10 * SECOND, 7

writers = st.sampled_from(["a", "b"])


@dataclass
class Writer:
    """The state of one process: its last number, and a batch whose reply it lost (0: none)."""

    batch: int = 0
    lost: int = 0
    carried_out: int = 0  # calls of the lost batch that the store did record
    late: bool = False  # the lost batch is still on its way


class LimitMachine(RuleBasedStateMachine):
    """One account, two processes. After any steps the store holds what the oracle holds."""

    client: redis.Redis
    accounts = count()

    def __init__(self) -> None:
        super().__init__()
        self.account = f"model-{next(self.accounts)}"
        self.script = Script(self.client, LIMIT, WINDOW, QUOTA)
        self.oracle = Oracle(LIMIT, WINDOW, QUOTA)
        self.clock = instant(2026, 12, 31, 23, 59, 30)
        self.writers = {"a": Writer(), "b": Writer()}

    @rule(microseconds=st.integers(0, 2 * WINDOW))
    def time_passes(self, microseconds: int) -> None:
        """Advance the clock by some microseconds."""
        self.clock += microseconds

    @rule(days=st.integers(1, 40))
    def days_pass(self, days: int) -> None:
        """Advance the clock by some days."""
        self.clock += days * DAY

    @rule(microseconds=st.one_of(st.integers(1, WINDOW), st.integers(WINDOW, DAY), st.integers(DAY, 60 * DAY)))
    def clock_steps_back(self, microseconds: int) -> None:
        """Set the clock back by less than a window, or by more."""
        self.clock -= microseconds

    @rule(limit=st.integers(1, 2 * LIMIT))
    def limit_changes(self, limit: int) -> None:
        """Raise or lower the account's limit."""
        self.script.limit = self.oracle.limit = limit

    @rule(name=writers)
    def hit(self, name: str) -> None:
        """A call whose reply arrives is decided as the oracle decides."""
        writer = self.writers[name]
        if writer.lost:
            return
        writer.batch += 1
        reply = self.script.hit(self.account, self.clock, name, writer.batch)
        assert (reply.admitted, reply.rate_left, reply.quota_left) == self._oracle_hits()
        assert reply.wait_microseconds == self.oracle.wait(self.clock)

    @rule(name=writers, calls=st.integers(2, 2 * LIMIT))
    def hit_many(self, name: str, calls: int) -> None:
        """Calls that come together are decided as if they came one after the other at that instant."""
        writer = self.writers[name]
        if writer.lost:
            return
        writer.batch += 1
        reply = self.script.hit(self.account, self.clock, name, writer.batch, calls)
        decided = [self._oracle_hits() for _ in range(calls)]
        assert [admitted for admitted, _, _ in decided] == [place < reply.admitted for place in range(calls)]
        assert (reply.rate_left, reply.quota_left) == decided[-1][1:]
        assert reply.quota_allows == (reply.quota_left > 0)
        assert reply.wait_microseconds == self.oracle.wait(self.clock)

    @rule()
    def peek(self) -> None:
        """A peek agrees with the call that follows it."""
        seen = self.script.peek(self.account, self.clock)
        assert seen.wait_microseconds == self.oracle.wait(self.clock)
        writer = self.writers["a"]
        if not writer.lost:
            writer.batch += 1
            assert self.script.hit(self.account, self.clock, "a", writer.batch).admitted == seen.admitted
            assert self._oracle_hits()[0] == seen.admitted

    @rule(name=writers, calls=st.integers(1, 4), arrives=st.sampled_from(["now", "later", "never"]))
    def lose_replies(self, name: str, calls: int, arrives: str) -> None:
        """A batch is carried out now, later or never; its sender does not learn which."""
        writer = self.writers[name]
        if writer.lost:
            return
        writer.batch += 1
        writer.lost, writer.late, writer.carried_out = writer.batch, arrives == "later", 0
        if arrives == "now":
            for together in (calls - 1, 1):
                self.script.hit(self.account, self.clock, name, writer.batch, together)
                writer.carried_out += sum(self._oracle_hits()[0] for _ in range(together))

    @precondition(lambda self: any(writer.lost for writer in self.writers.values()))
    @rule(calls=st.integers(0, 3), months_ago=st.integers(0, 1), copies=st.integers(1, 2))
    def settle(self, calls: int, months_ago: int, copies: int) -> None:
        """Calls of this month are booked once, less those that were carried out; late ones are dropped."""
        name, writer = next((name, writer) for name, writer in self.writers.items() if writer.lost)
        writer.batch += 1
        current = self.oracle.current_month(self.clock)
        month = current if not months_ago else 197001
        arguments = (name, writer.batch, calls, month, writer.lost)
        booked = [self.script.settle(self.account, self.clock, *arguments) for _ in range(copies)]
        assert booked == ([True] + [False] * (copies - 1) if not months_ago else [False] * copies)
        if not months_ago:
            self._book(current, calls - (writer.carried_out if self.oracle.month == current else 0))
            if writer.late:
                with pytest.raises(redis.ResponseError, match="STALE"):
                    self.script.hit(self.account, self.clock, name, writer.lost)
        writer.lost, writer.carried_out, writer.late = 0, 0, False

    @invariant()
    def store_holds_what_the_oracle_holds(self) -> None:
        """The month, its count, the recorded instants; and no key without an expiry."""
        window_key, quota_key = keys(self.account)
        month, calls = self.client.hmget(quota_key, ["m", "n"])
        expected = {int(month): int(calls)} if month and calls else {}
        assert self.oracle.months == expected
        held = recorded(self.client, window_key)
        assert held == self.oracle.admissions[::-1][: len(held)]
        assert len(held) >= len(self.oracle.recent(self.clock))
        assert all(self.client.pttl(key) != -1 for key in (window_key, quota_key))

    def _oracle_hits(self) -> tuple[bool, int, int]:
        before = self.oracle.month
        answer = self.oracle.hit(self.clock)
        self._month_may_have_changed(before)
        return answer

    def _book(self, month: int, calls: int) -> None:
        before = self.oracle.month
        self.oracle.book(month, calls)
        self._month_may_have_changed(before)

    def _month_may_have_changed(self, before: int) -> None:
        """Forget batches that were carried out in another month."""
        if self.oracle.month != before:
            for writer in self.writers.values():
                writer.carried_out = 0


def test_script_agrees_with_the_oracle(store: StoreProcess, figure: Figure) -> None:
    """Over random histories the script decides, counts and forgets exactly as the oracle does."""
    with store.client() as client:
        LimitMachine.client = client
        run_state_machine_as_test(
            LimitMachine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=40,
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )
    figure(f"{EXAMPLES} random histories of clocks, calls and lost replies as the oracle has them")


def test_oracle_knows_the_calendar() -> None:
    """The oracle's own dates are correct at leap days and ends of months."""
    assert instant(1970, 1, 1) == 0
    assert month_number(utc(instant(2024, 2, 29, 23, 59, 59))) == 202402
    assert month_number(utc(instant(2024, 2, 29, 23, 59, 59) + SECOND)) == 202403
