"""Holds and charges that are written together have the outcomes that they have one by one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from service.billing import sql_ledger
from service.billing.ledger import Balance, Charge, Closed, Held, HoldState, Insufficient, NewHold, TooManyOpen
from service.billing.money import Tokens
from service.billing.sql_holds import SettleRequest, Written, write
from service.storage.sql.connection import SqlConnection
from service.storage.sql.engine import blocking_engine
from service.storage.sql.sqlite import BEGIN_OPTION
from service.storage.sql.url import DatabaseUrl
from tests.service.billing.ledgers import Books, faults_in_the_books, opened_books
from tests.service.clocks import Clock
from tests.service.storage.databases import Databases

pytestmark = pytest.mark.anyio
CHARGE = Charge(Tokens(1, 2), 30, "completed")


@pytest.fixture
async def books(anyio_backend: str, databases: Databases, clock: Clock) -> AsyncIterator[Books]:
    """An account with 1000 micro-rupees; in the end its books add up."""
    url = databases.empty()
    async with opened_books(url, clock) as opened:
        yield opened
    assert faults_in_the_books(url) == []


async def test_each_of_a_group_is_told_its_own_balance(books: Books) -> None:
    """Holds and charges of one transaction return balance and spending as if they had come one after the other."""
    holds = [books.new_hold(100) for _ in range(3)]
    held = await asyncio.gather(*map(books.ledger.hold, holds))
    assert [outcome.balance for outcome in held if isinstance(outcome, Held)] == [
        Balance(1000, 100), Balance(1000, 200), Balance(1000, 300)
    ]  # fmt: skip
    closed = await asyncio.gather(*(books.ledger.settle(new.id, CHARGE) for new in holds))
    assert [(one.balance, one.key_spent) for one in closed] == [
        (Balance(970, 200), 30), (Balance(940, 100), 60), (Balance(910, 0), 90)
    ]  # fmt: skip
    assert [one.call.cost for one in closed] == [30] * 3


@pytest.mark.promise(19)
async def test_a_group_that_the_balance_does_not_cover(books: Books) -> None:
    """Of twenty holds together as many pass as the balance covers, and the others change nothing."""
    outcomes = await asyncio.gather(*(books.ledger.hold(books.new_hold(300)) for _ in range(20)))
    assert sorted(type(outcome) is Held for outcome in outcomes) == [False] * 17 + [True] * 3
    assert [outcome for outcome in outcomes if not isinstance(outcome, Held)] == [Insufficient(Balance(1000, 900))] * 17


@pytest.mark.promise(41)
async def test_a_group_with_too_many_open_calls(books: Books) -> None:
    """Of ten holds together a key gets as many as it may have, and the money of the others is given back."""
    outcomes = await asyncio.gather(*(books.ledger.hold(books.new_hold(10, most_open=4)) for _ in range(10)))
    assert [isinstance(outcome, Held) for outcome in outcomes] == [True] * 4 + [False] * 6
    assert outcomes[4:] == [TooManyOpen(4)] * 6
    assert await books.statements.balance(books.account.id) == Balance(1000, 40)


async def test_calls_that_come_together_share_a_transaction(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is company, calls that need some turns of the event loop before they ask for money are written
    together all the same."""
    groups: list[int] = []

    async def counted(
        connection: SqlConnection, holds: Sequence[NewHold], requests: Sequence[SettleRequest], now: datetime
    ) -> Written:
        groups.append(len(holds))
        return await write(connection, holds, requests, now)

    async def call(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await books.ledger.hold(books.new_hold(1))

    monkeypatch.setattr(sql_ledger, "write", counted)
    await asyncio.gather(call(0), call(0))
    await books.ledger.close()
    await asyncio.gather(*(call(turns) for turns in range(4)))
    assert groups == [2, 4]


async def test_a_lone_call_is_a_batch_of_one(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction of a call that comes alone begins in the next turn of the event loop."""
    database, begun = books.ledger.database, list[None]()
    write = database.write

    def noted(work: Callable[[SqlConnection], Awaitable[Any]]) -> Awaitable[Any]:
        begun.append(None)
        return write(work)

    monkeypatch.setattr(database, "write", noted)
    for number in range(1, 4):
        asked = asyncio.create_task(books.ledger.hold(books.new_hold(1)))
        for _ in range(2):
            await asyncio.sleep(0)
        assert len(begun) == number
        assert isinstance(await asked, Held)


async def test_a_group_waits_for_another_process(tmp_path: Path, clock: Clock) -> None:
    """While another process writes to SQLite holds wait for it, and the event loop goes on."""
    url = DatabaseUrl.of_file(tmp_path / "shared.db")
    async with opened_books(url, clock) as books:
        await books.ledger.hold(books.new_hold(10))
        with blocking_engine(url) as engine, engine.connect().execution_options(**{BEGIN_OPTION: "IMMEDIATE"}) as other:
            with other.begin():
                waiting = asyncio.create_task(books.ledger.hold(books.new_hold(10)))
                await asyncio.sleep(0.2)
                assert not waiting.done()
            assert await waiting == Held(Balance(1000, 20), 0)
        assert await books.ledger.hold(books.new_hold(10)) == Held(Balance(1000, 30), 0)
    assert faults_in_the_books(url) == []


async def test_one_that_cannot_be_written_fails_alone(books: Books) -> None:
    """A hold whose id was used before raises; those that were to be written with it are held."""
    used = books.new_hold(10)
    await books.ledger.hold(used)
    first, again, last = await asyncio.gather(
        *(books.ledger.hold(new) for new in (books.new_hold(10), used, books.new_hold(10))), return_exceptions=True
    )
    assert isinstance(again, IntegrityError)
    assert isinstance(first, Held)
    assert isinstance(last, Held)
    assert await books.statements.balance(books.account.id) == Balance(1000, 30)


@pytest.mark.promise(20)
async def test_a_hold_is_charged_once_in_a_group(books: Books) -> None:
    """Two charges of one hold together are one charge, and a void hold stays void beside others that are charged."""
    one, other = books.new_hold(100), books.new_hold(100)
    await asyncio.gather(books.ledger.hold(one), books.ledger.hold(other))
    await books.ledger.void(other.id, "caller_gone")
    first, second, void = await asyncio.gather(*(books.ledger.settle(id, CHARGE) for id in (one.id, one.id, other.id)))
    assert first == second == Closed(first.call, Balance(970, 0), 30)
    assert (void.call.state, void.call.cost) == (HoldState.VOID, 0)
    charges = [entry for entry in await books.statements.entries(books.account.id) if entry.kind == "charge"]
    assert [entry.amount for entry in charges] == [30]
