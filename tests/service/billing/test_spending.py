"""What an account spent, by day and by key, and its statement: the same on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from service.billing.ledger import Charge
from service.billing.money import Tokens
from service.billing.spending import DaySpent, KeySpent, SqlSpending
from tests.service.billing.ledgers import Books, opened_books
from tests.service.clocks import START, Clock
from tests.service.storage.databases import Databases

pytestmark = pytest.mark.anyio


@pytest.fixture
async def books(anyio_backend: str, databases: Databases, clock: Clock) -> AsyncIterator[Books]:
    """A new ledger on either kind of database."""
    async with opened_books(databases.empty(), clock, welcome_micro_inr=10_000) as opened:
        yield opened


async def charged(books: Books, key_number: int, cost: int) -> None:
    """A call that was charged, by one of three keys."""
    found = await books.accounts.list_keys(books.account.name)
    while len(found) <= key_number:
        await books.accounts.create_key(books.account, f"key {len(found)}")
        books.clock.advance(1)
        found = await books.accounts.list_keys(books.account.name)
    new = books.new_hold(cost, key=found[key_number])
    await books.ledger.hold(new)
    await books.ledger.settle(new.id, Charge(Tokens(1, 1), cost, "completed"))


async def test_what_was_spent_is_added_up(books: Books, clock: Clock) -> None:
    """By day, and by the keys that spent most, from a moment on; the statement names each entry's key."""
    spending = SqlSpending(books.accounts.database)
    await charged(books, 0, 5)
    clock.advance(86_400)
    for key_number, cost in ((0, 7), (1, 20), (2, 7), (1, 1)):
        await charged(books, key_number, cost)
    first, since = START.date(), START + timedelta(days=1)
    days = await spending.by_day(books.account.id, START)
    assert sum(day.micro_inr for day in days) == 40
    assert days[0] == DaySpent(date(first.year, first.month, first.day), 5, 1)
    keys = await books.accounts.list_keys(books.account.name)
    top = await spending.by_key(books.account.id, since, 2)
    assert top[0] == KeySpent(keys[1].id, "key 1", keys[1].shown, 21, 2)
    assert [(key.micro_inr, key.calls) for key in top] == [(21, 2), (7, 1)]
    rows = await spending.statement(books.account.id, 100)
    names = [row.key_name for row in rows if row.entry.kind == "charge"]
    assert names == ["key 1", "key 2", "key 1", keys[0].shown, keys[0].shown]
    assert rows[-1].entry.kind == "welcome"
    assert rows[-1].key_name == ""
    assert await spending.statement(books.account.id, 100, rows[2].entry.id) == rows[3:]
