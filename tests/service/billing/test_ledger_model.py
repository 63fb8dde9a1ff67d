"""Random histories of the ledger against a model in a dictionary, on both databases.

More examples: LEDGER_TEST_EXAMPLES=200.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from service.billing.ledger import Charge, Held, HoldState, Insufficient
from service.billing.money import Tokens
from service.storage.sql.url import DatabaseUrl
from tests.service.billing.ledgers import LEASE, Books, faults_in_the_books, opened_books
from tests.service.clocks import Clock
from tests.service.storage.databases import Databases

EXAMPLES = int(os.environ.get("LEDGER_TEST_EXAMPLES", "4"))
WELCOME = 1000
Answer = TypeVar("Answer")


@dataclass
class Known:
    """The state of a hold in the model."""

    amount: int
    expires_seconds: float
    state: HoldState = HoldState.OPEN
    cost: int | None = None


class LedgerMachine(RuleBasedStateMachine):
    """Holds, checkpoints, settles, voids, sweeps and grants in any order; time passes."""

    holds = Bundle("holds")

    def __init__(self, new_database: Callable[[], DatabaseUrl]) -> None:
        super().__init__()
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.books: Books = self.run(self.opened.enter_async_context(opened_books(new_database(), self.clock, WELCOME)))
        self.posted = WELCOME
        self.known: dict[str, Known] = {}

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a coroutine to its end, and return its result."""
        return self.runner.run(work)

    @property
    def held(self) -> int:
        """Return the sum of the holds in the model."""
        return sum(one.amount for one in self.known.values() if one.state is HoldState.OPEN)

    @rule(target=holds, amount=st.integers(0, WELCOME))
    def hold(self, amount: int) -> Any:
        """Hold an amount, which succeeds if and only if the balance covers it."""
        wanted = self.books.new_hold(amount)
        outcome = self.run(self.books.ledger.hold(wanted))
        if amount > self.posted - self.held:
            assert isinstance(outcome, Insufficient)
            assert outcome.balance == (self.posted, self.held)
            return multiple()
        assert isinstance(outcome, Held)
        self.known[wanted.id] = Known(amount, self.clock.seconds + LEASE.total_seconds())
        assert outcome.balance == (self.posted, self.held)
        return wanted.id

    @rule(name=holds, share=st.floats(0, 1), renew=st.booleans())
    def checkpoint(self, name: str, share: float, renew: bool) -> None:
        """Record a checkpoint, which counts only while the hold is open."""
        one = self.known[name]
        lease = LEASE if renew else timedelta(seconds=one.expires_seconds - self.clock.seconds)
        cost = int(one.amount * share)
        noted = Charge(Tokens(1, 2), cost, "")
        open_now = self.run(self.books.ledger.renew(name, self.clock.now() + lease, noted))
        assert open_now == (one.state is HoldState.OPEN)
        if open_now:
            one.cost = cost
            one.expires_seconds = self.clock.seconds + lease.total_seconds()

    @rule(name=holds, share=st.floats(0, 1))
    def settle(self, name: str, share: float) -> None:
        """Settle a hold, which charges once; a later settle returns the first charge."""
        one = self.known[name]
        cost = int(one.amount * share)
        if one.state is HoldState.OPEN:
            self.close(one, HoldState.SETTLED, cost)
        closed = self.run(self.books.ledger.settle(name, Charge(Tokens(0, 0), cost, "completed")))
        assert (closed.call.state, closed.call.cost, closed.balance) == (one.state, one.cost, (self.posted, self.held))

    @rule(name=holds)
    def void(self, name: str) -> None:
        """Void a hold, which releases an open one and changes no closed one."""
        one = self.known[name]
        if one.state is HoldState.OPEN:
            self.close(one, HoldState.VOID, 0)
        closed = self.run(self.books.ledger.void(name, "failed"))
        assert (closed.call.state, closed.call.cost, closed.balance) == (one.state, one.cost, (self.posted, self.held))

    @rule(seconds=st.sampled_from([1, 60, 91]))
    def pass_time(self, seconds: float) -> None:
        """Advance the clock, so that leases run out."""
        self.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        """Sweep, which closes exactly the open holds whose lease has ended."""
        due = {
            name
            for name, one in self.known.items()
            if one.state is HoldState.OPEN and one.expires_seconds < self.clock.seconds
        }
        swept = self.run(self.books.ledger.sweep(most=1000))
        assert {call.id for call in swept} == due
        for name in due:
            one = self.known[name]
            self.close(one, HoldState.VOID if one.cost is None else HoldState.SETTLED, one.cost or 0)

    @rule(amount=st.integers(1, 500))
    def grant(self, amount: int) -> None:
        """Grant credit, which can be spent immediately."""
        reference = f"grant{next(self.books.numbers)}"
        self.posted += amount
        balance = self.run(self.books.statements.grant(self.books.account.id, amount, reference, ""))
        assert balance == (self.posted, self.held)

    def close(self, one: Known, state: HoldState, cost: int) -> None:
        """Close a hold in the model, and post its cost."""
        one.state, one.cost = state, cost
        self.posted -= cost

    @invariant()
    def the_books_add_up(self) -> None:
        """Entries, balances and holds agree, and nothing is overspent."""
        assert faults_in_the_books(self.books.url) == []

    def teardown(self) -> None:
        """Close the database and the event loop."""
        self.run(self.opened.aclose())
        self.runner.close()


@pytest.mark.promise(20)
def test_any_history_agrees_with_the_model(databases: Databases) -> None:
    """In any order of holds, checkpoints, settles, voids, sweeps and grants, each hold is closed once and the money
    adds up."""
    run_state_machine_as_test(
        lambda: LedgerMachine(databases.empty),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
