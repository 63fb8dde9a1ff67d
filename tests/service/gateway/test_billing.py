"""The till while the database is away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from service.auth.accounts import Principal
from service.billing.ledger import Charge, Closed, HoldState
from service.billing.money import TokenPrices, Tokens
from service.billing.sql_ledger import SqlLedger
from service.gateway.bill import Purse
from service.gateway.charges import Terms, Till
from service.gateway.order import Order
from service.gateway.prompt import PromptSize
from service.gateway.request import ChatRequest
from service.http.errors import UNAVAILABLE
from service.observability.gateway_metrics import GatewayMeters
from service.storage.errors import StoreUnavailable
from tests.service.billing.ledgers import Books, opened_books
from tests.service.clocks import Clock
from tests.service.storage.databases import SqliteDatabases

pytestmark = pytest.mark.anyio
TERMS = Terms(TokenPrices(25, 100), 90, 10, 0, None)
REQUEST = ChatRequest((), {}, (), 10, stream=False, include_usage=False)


class LostLedger(SqlLedger):
    """The real ledger over a connection that fails for a number of operations."""

    failures = 0

    async def settle(self, hold_id: str, charge: Charge) -> Closed:
        """Fails, or settles."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("sqlite:///x", "gone.")
        return await super().settle(hold_id, charge)


@pytest.fixture
async def books(anyio_backend: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Books]:
    """An account with credit."""
    async with opened_books(SqliteDatabases(tmp_path).empty(), clock, 10**6) as opened:
        yield opened


def till_and_order(books: Books, failures: int) -> tuple[Till, Order]:
    """A till whose ledger will fail so many times, and a call to pay."""
    ledger = LostLedger(books.ledger.database, books.clock.now, 0)
    ledger.failures = failures
    payer = Principal(books.account.id, "payer", books.key.id, frozenset(), None, None)
    order = Order("a" * 32, "b" * 32, payer, REQUEST, PromptSize(1, 2), Tokens(2, 10), {}, books.clock.now())
    return Till(ledger, TERMS, books.clock.now, GatewayMeters(CollectorRegistry()), pauses_seconds=(0, 0)), order


async def test_a_charge_is_tried_again(books: Books) -> None:
    """A database that is away for a moment delays a charge, which is then written once."""
    till, order = till_and_order(books, failures=2)
    assert isinstance(await till.hold(order), Purse)
    bill = await till.settle(order, Tokens(1, 2), "completed", estimated=False)
    assert bill is not None
    assert (bill.cost, bill.purse.balance) == (225, (10**6 - 225, 0))
    assert len(await books.statements.entries(books.account.id, books.key.id)) == 1


async def test_a_charge_that_cannot_be_written_is_no_charge(books: Books) -> None:
    """If the database stays away there is no bill; the hold is released when its lease is over."""
    till, order = till_and_order(books, failures=3)
    await till.hold(order)
    assert await till.settle(order, Tokens(1, 2), "completed", estimated=False) is None
    books.clock.advance(91)
    (swept,) = await books.ledger.sweep()
    assert (swept.state, swept.cost) == (HoldState.VOID, 0)
    assert await books.statements.balance(books.account.id) == (10**6, 0)


def damage(file: Path) -> None:
    """Make a database unreadable."""
    file.write_bytes(b"no database any more" * 100)


async def test_promise_19_credits_close_while_the_database_is_away(books: Books) -> None:
    """A call whose money cannot be held is refused with 503; it is never let through."""
    till, order = till_and_order(books, failures=0)
    damage(Path(str(books.url.with_driver.database)))
    await books.ledger.database.close()
    assert await till.hold(order) == UNAVAILABLE
