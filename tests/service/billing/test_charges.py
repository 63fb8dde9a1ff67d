"""Billing while the database is unavailable."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from service.billing.charges import BalanceSnapshot, BillableCall, Billing, BillingTerms
from service.billing.ledger import Charge, Closed, HoldState
from service.billing.money import TokenPrices, Tokens
from service.billing.sql_ledger import SqlLedger
from service.http.errors import UNAVAILABLE
from service.observability.metrics import GatewayMeters
from service.storage.errors import StoreUnavailable
from tests.service.billing.ledgers import Books, opened_books
from tests.service.clocks import Clock
from tests.service.storage.databases import SqliteDatabases

pytestmark = pytest.mark.anyio
TERMS = BillingTerms(TokenPrices(25, 100), 90, 10, 0, None)


class LostLedger(SqlLedger):
    """The real ledger over a connection that fails for a number of operations."""

    failures = 0

    async def settle(self, hold_id: str, charge: Charge) -> Closed:
        """Raise `StoreUnavailable` as often as wanted, then settle."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("sqlite:///x", "gone.")
        return await super().settle(hold_id, charge)


@pytest.fixture
async def books(anyio_backend: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Books]:
    """An account with credit."""
    async with opened_books(SqliteDatabases(tmp_path).empty(), clock, 10**6) as opened:
        yield opened


def billing_and_call(books: Books, failures: int) -> tuple[Billing, BillableCall]:
    """Billing whose ledger will fail so many times, and a call to pay."""
    ledger = LostLedger(books.ledger.database, books.clock.now, 0)
    ledger.failures = failures
    call = BillableCall("a" * 32, "b" * 32, books.account.id, books.key.id, Tokens(2, 10), choices=1, streamed=False)
    return Billing(ledger, TERMS, books.clock.now, GatewayMeters(CollectorRegistry()), pauses_seconds=(0, 0)), call


async def test_a_charge_is_tried_again(books: Books) -> None:
    """A charge that fails for a moment is retried, and is then written once."""
    billing, call = billing_and_call(books, failures=2)
    assert isinstance(await billing.authorize(call), BalanceSnapshot)
    bill = await billing.capture(call, Tokens(1, 2), "completed", estimated=False)
    assert bill is not None
    assert (bill.cost_micro_inr, bill.snapshot.balance) == (225, (10**6 - 225, 0))
    assert len(await books.statements.entries(books.account.id, books.key.id)) == 1


async def test_a_charge_that_cannot_be_written_is_no_charge(books: Books) -> None:
    """If the database stays unavailable there is no bill, and the hold is released when its lease ends."""
    billing, call = billing_and_call(books, failures=3)
    await billing.authorize(call)
    assert await billing.capture(call, Tokens(1, 2), "completed", estimated=False) is None
    books.clock.advance(91)
    (swept,) = await books.ledger.sweep()
    assert (swept.state, swept.cost) == (HoldState.VOID, 0)
    assert await books.statements.balance(books.account.id) == (10**6, 0)


def damage(file: Path) -> None:
    """Make a database unreadable."""
    file.write_bytes(b"no database any more" * 100)


@pytest.mark.promise(19)
async def test_credits_close_while_the_database_is_away(books: Books) -> None:
    """A call whose money cannot be held is refused with 503; it is never let through."""
    billing, call = billing_and_call(books, failures=0)
    damage(Path(str(books.url.with_driver.database)))
    await books.ledger.database.close()
    assert await billing.authorize(call) == UNAVAILABLE
