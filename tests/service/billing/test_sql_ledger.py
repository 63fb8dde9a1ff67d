"""The ledger on both databases: what is held, charged and released, once and exactly.

More charges: LEDGER_TEST_CHARGES=1000.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from structlog.testing import capture_logs

from service.billing.ledger import (
    Balance,
    Charge,
    Claim,
    ClaimTaken,
    Held,
    HoldState,
    Insufficient,
    StoredAnswer,
    TooManyOpen,
)
from service.billing.money import TokenPrices, Tokens
from service.storage.sql.engine import blocking_engine
from service.storage.sql.tables import balance as balance_table
from service.storage.sql.tables import entry
from tests.logs import lines_of
from tests.service.billing.ledgers import Books, faults_in_the_books, opened_books
from tests.service.clocks import Clock
from tests.service.storage.databases import Databases

pytestmark = pytest.mark.anyio
TARIFF = TokenPrices(25, 100)
CHARGES = int(os.environ.get("LEDGER_TEST_CHARGES", "100"))
ANSWER = StoredAnswer([(b"x-tokens-input", b"1")], b"{}", b"application/json")


@pytest.fixture
async def books(anyio_backend: str, databases: Databases, clock: Clock) -> AsyncIterator[Books]:
    """An account with 1,000 micro-rupees; at the end every invariant holds."""
    async with opened_books(databases.empty(), clock) as opened:
        yield opened
        assert faults_in_the_books(opened.url) == []


def charge(cost: int, *, overrun: int = 0) -> Charge:
    """A charge of that much."""
    return Charge(Tokens(0, 0), cost, "completed", overrun=overrun)


async def balance(books: Books) -> Balance:
    """The account's balance now."""
    found = await books.statements.balance(books.account.id)
    assert found is not None
    return found


@pytest.mark.promise(19)
async def test_a_hold_is_all_or_nothing(books: Books) -> None:
    """A hold that the balance does not cover changes nothing, and one that takes it all passes."""
    assert await books.ledger.hold(books.new_hold(1001)) == Insufficient(Balance(1000, 0))
    assert await books.ledger.hold(books.new_hold(1000)) == Held(Balance(1000, 1000), 0)
    assert await books.ledger.hold(books.new_hold(1)) == Insufficient(Balance(1000, 1000))


@pytest.mark.promise(20)
async def test_a_hold_is_closed_once(books: Books) -> None:
    """A second settle, a void after it and a sweep change nothing and answer what was charged at first."""
    wanted = books.new_hold(500)
    await books.ledger.hold(wanted)
    first = await books.ledger.settle(wanted.id, charge(300))
    books.clock.advance(1000)
    again = [
        await books.ledger.settle(wanted.id, charge(499)),
        await books.ledger.void(wanted.id, "late"),
    ]
    assert await books.ledger.sweep() == []
    assert again == [first, first]
    assert (first.call.state, first.call.cost, first.balance, first.key_spent) == (
        HoldState.SETTLED, 300, Balance(700, 0), 300
    )  # fmt: skip
    assert [line.amount for line in await books.statements.entries(books.account.id, books.key.id)] == [300]


@pytest.mark.promise(20)
async def test_a_void_hold_stays_void(books: Books) -> None:
    """A settle after a void charges nothing."""
    wanted = books.new_hold(500)
    await books.ledger.hold(wanted)
    await books.ledger.void(wanted.id, "upstream_unavailable")
    late = await books.ledger.settle(wanted.id, charge(300))
    assert (late.call.state, late.balance, late.key_spent) == (HoldState.VOID, Balance(1000, 0), 0)


@pytest.mark.promise(20)
async def test_an_idempotency_key_has_one_owner(books: Books) -> None:
    """A second hold under one idempotency key is refused and leaves nothing; the answer of the first is kept."""
    claim = Claim(books.key.id, "d" * 64, "b" * 64, books.clock.now() + timedelta(hours=1))
    first = books.new_hold(100)
    await books.ledger.hold(first, claim)
    assert await books.ledger.hold(books.new_hold(100), claim) == ClaimTaken()
    assert (await balance(books)).held == 100
    await books.ledger.settle(first.id, charge(100))
    await books.ledger.keep(first.id, ANSWER)
    known = await books.ledger.find_claim(books.key.id, claim.digest)
    assert known is not None
    assert (known.hold_id, known.state, known.answer) == (first.id, HoldState.SETTLED, ANSWER)
    books.clock.advance(3601)
    assert await books.ledger.find_claim(books.key.id, claim.digest) is None
    assert isinstance(await books.ledger.hold(books.new_hold(100), claim), Held)


@pytest.mark.promise(20)
async def test_a_void_call_frees_its_idempotency_key(books: Books) -> None:
    """After a failure that cost nothing the same idempotency key may be used again, by hand or after a sweep."""
    claim = Claim(books.key.id, "d" * 64, "b" * 64, books.clock.now() + timedelta(hours=1))
    first, second = books.new_hold(100), books.new_hold(100)
    await books.ledger.hold(first, claim)
    await books.ledger.void(first.id, "upstream_timeout")
    assert isinstance(await books.ledger.hold(second, claim), Held)
    books.clock.advance(91)
    await books.ledger.sweep()
    assert isinstance(await books.ledger.hold(books.new_hold(100), claim), Held)


@pytest.mark.promise(21)
async def test_an_orphan_is_closed_at_its_checkpoint(books: Books) -> None:
    """Of three holds whose owner died, one is void, one is charged its last checkpoint, and one is not due yet."""
    plain, noted, renewed = books.new_hold(100), books.new_hold(200), books.new_hold(300)
    for wanted in (plain, noted, renewed):
        await books.ledger.hold(wanted)
    await books.ledger.renew(noted.id, noted.expires_at, Charge(Tokens(1, 0), 25, ""))
    await books.ledger.renew(noted.id, noted.expires_at, Charge(Tokens(1, 1), 125, ""))
    await books.ledger.renew(renewed.id, renewed.expires_at + timedelta(seconds=60))
    books.clock.advance(91)
    swept = {call.id: call for call in await books.ledger.sweep()}
    assert {name: (call.state, call.cost) for name, call in swept.items()} == {
        plain.id: (HoldState.VOID, 0),
        noted.id: (HoldState.SETTLED, 125),
    }
    assert swept[noted.id].estimated
    assert await balance(books) == Balance(875, 300)
    assert not await books.ledger.renew(noted.id, noted.expires_at, Charge(Tokens(1, 2), 200, ""))


@pytest.mark.promise(48)
async def test_a_hold_that_cannot_be_closed_keeps_no_other_open(books: Books) -> None:
    """The hold of an account whose balance is damaged stays open until that is mended; all others are swept."""
    key, _ = await books.accounts.create_key(await books.accounts.get_or_create_account("damaged"))
    broken, whole = books.new_hold(100, key=key), books.new_hold(200)
    await books.ledger.hold(broken)
    await books.ledger.hold(whole)
    set_held(books, key.account.id, 0)
    books.clock.advance(91)
    with capture_logs() as logs:
        assert [call.id for call in await books.ledger.sweep()] == [whole.id]
    assert [line["task"] for line in lines_of("task_failed", logs)] == ["sweep of a hold"]
    set_held(books, key.account.id, 100)
    assert [call.id for call in await books.ledger.sweep()] == [broken.id]


def set_held(books: Books, account_id: str, micro_inr: int) -> None:
    """Set an account's held amount directly in the database, bypassing the ledger."""
    with blocking_engine(books.url) as engine, engine.begin() as connection:
        connection.execute(update(balance_table).where(balance_table.c.account_id == account_id).values(held=micro_inr))


@pytest.mark.promise(25)
async def test_the_house_bears_what_exceeds_the_hold(books: Books) -> None:
    """Usage beyond the hold is charged up to the hold; the rest is written off in an entry of its own."""
    wanted = books.new_hold(100)
    await books.ledger.hold(wanted)
    closed = await books.ledger.settle(wanted.id, charge(100, overrun=7))
    assert closed.balance == Balance(900, 0)
    lines = await books.statements.entries(books.account.id, books.key.id)
    assert [(line.kind, line.debit, line.credit, line.amount) for line in lines] == [
        ("charge", "customer", "revenue", 100),
        ("write_off", "write_off", "revenue", 7),
    ]


async def test_a_charge_above_the_hold_is_refused_by_the_database(books: Books) -> None:
    """No fault of the code can charge more than was held: the transaction fails as a whole."""
    wanted = books.new_hold(100)
    await books.ledger.hold(wanted)
    with pytest.raises(IntegrityError):
        await books.ledger.settle(wanted.id, charge(101))
    assert await balance(books) == Balance(1000, 100)


@pytest.mark.promise(41)
async def test_open_calls_of_a_key_are_bounded(books: Books) -> None:
    """A key with two open calls gets no third, another key of the account does, and a closed call makes room."""
    other, _ = await books.accounts.create_key(books.account)
    wanted = [books.new_hold(1, most_open=2) for _ in range(4)]
    outcomes = [await books.ledger.hold(one) for one in wanted[:3]]
    assert outcomes[2] == TooManyOpen(2)
    assert isinstance(await books.ledger.hold(books.new_hold(1, key=other, most_open=2)), Held)
    await books.ledger.settle(wanted[0].id, charge(1))
    assert isinstance(await books.ledger.hold(wanted[3]), Held)


async def test_the_welcome_credit_comes_once(books: Books) -> None:
    """Ten keys bring one welcome, and keys made at the same time by several tasks too."""
    fresh = await books.accounts.get_or_create_account("fresh")
    await asyncio.gather(*(books.accounts.create_key(fresh) for _ in range(10)))
    assert [line.kind for line in await books.statements.entries(fresh.id)] == ["welcome"]
    assert await books.statements.balance(fresh.id) == Balance(1000, 0)


async def test_an_account_from_before_the_gateway_is_welcomed_too(books: Books) -> None:
    """An account whose keys are older than the ledger gets its welcome with its first hold."""
    books.accounts.welcome_credit = None
    old = await books.accounts.get_or_create_account("old")
    key, _ = await books.accounts.create_key(old)
    assert await books.statements.balance(old.id) is None
    outcomes = await asyncio.gather(*(books.ledger.hold(books.new_hold(400, key=key)) for _ in range(3)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Held", "Held", "Insufficient"]


async def test_entries_are_never_changed(books: Books) -> None:
    """The database itself refuses to change or delete an entry."""
    for statement in (update(entry).values(amount=0), delete(entry)):
        with (
            blocking_engine(books.url) as engine,
            pytest.raises(DBAPIError, match="never changed"),
            engine.begin() as c,
        ):
            c.execute(statement)


async def test_a_grant_is_paid_in_once(books: Books) -> None:
    """A grant raises the balance; the same reference cannot be granted again."""
    assert await books.statements.grant(books.account.id, 50, "order-1", "paid") == Balance(1050, 0)
    with pytest.raises(IntegrityError):
        await books.statements.grant(books.account.id, 50, "order-1", "paid")
    assert await balance(books) == Balance(1050, 0)


@pytest.mark.promise(27)
async def test_random_charges_are_exact(sqlite: Databases, clock: Clock) -> None:
    """After many random charges the balance is the credit less the exact sum, to the micro-rupee."""
    dice = random.Random(27)
    async with opened_books(sqlite.empty(), clock, 10**12) as books:
        total = 0
        for _ in range(CHARGES):
            bound = Tokens(dice.randrange(100_000), dice.randrange(10_000))
            used = Tokens(dice.randrange(bound.input + 1), dice.randrange(bound.output + 1))
            wanted = books.new_hold(TARIFF.cost(bound))
            await books.ledger.hold(wanted)
            closed = await books.ledger.settle(wanted.id, Charge(used, TARIFF.cost(used), "completed"))
            total += 25 * used.input + 100 * used.output
        assert (closed.balance, closed.key_spent) == (Balance(10**12 - total, 0), total)
        with blocking_engine(books.url) as engine, engine.connect() as connection:
            amounts = connection.scalars(select(entry.c.amount).where(entry.c.kind == "charge")).all()
        assert sum(amounts) == total
        assert faults_in_the_books(books.url) == []


async def test_calls_are_listed_by_key_and_page(books: Books) -> None:
    """A key sees its own calls, newest first, a page at a time; a trace id finds all calls that carry it."""
    other, _ = await books.accounts.create_key(books.account)
    mine = [books.new_hold(1) for _ in range(5)]
    for wanted in (*mine, books.new_hold(1, key=other)):
        await books.ledger.hold(wanted)
        books.clock.advance(0.5)
    first = await books.statements.calls(books.key.id, 3)
    rest = await books.statements.calls(books.key.id, 3, before=first[-1].id)
    assert [call.id for call in (*first, *rest)] == [wanted.id for wanted in reversed(mine)]
    assert [call.id for call in await books.statements.find_calls(books.key.id, mine[2].trace_id)] == [mine[2].id]
    assert await books.statements.find_calls(other.id, mine[2].id) == []
