"""The keys of one account: limits that hold in a race, what is kept of ended ones, and pages of them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from service.auth.accounts import (
    ALL_SCOPES,
    NEW_WITHIN,
    Account,
    ApiKey,
    KeyLimits,
    NewKey,
    TooManyLive,
    TooManyNew,
    WantedKey,
)
from service.auth.sql_account_keys import SqlAccountKeys
from service.auth.sql_accounts import SqlAccountStore
from service.billing.sql_statements import newest_calls
from service.storage.sql.tables import hold
from tests.service.clocks import Clock
from tests.service.storage.databases import Databases, account_store

pytestmark = pytest.mark.anyio

WANTED = WantedKey("", ALL_SCOPES, None)
KEPT = 5
PRUNING = KeyLimits(live=1_000, new=1_000, ended=KEPT)


@pytest.fixture
def keys(accounts: SqlAccountStore) -> SqlAccountKeys:
    """The keys of accounts on either kind of database."""
    return SqlAccountKeys(accounts)


@pytest.fixture
async def owner(accounts: SqlAccountStore) -> Account:
    """Return the account that owns the keys of the tests."""
    return await accounts.get_or_create_account("Ada")


async def test_the_cap_holds_when_many_connections_race(databases: Databases, clock: Clock) -> None:
    """Sixty concurrent callers on six stores, which share only the database, create exactly as many keys as allowed."""
    url = databases.empty()
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(account_store(url, clock)) for _ in range(6)]
        owner = await stores[0].get_or_create_account("Ada")
        callers = [SqlAccountKeys(accounts).create(owner.id, WANTED, KeyLimits(live=7)) for accounts in stores * 10]
        made = await asyncio.gather(*callers)
        assert len([key for key in made if isinstance(key, NewKey)]) == 7
        assert {key for key in made if not isinstance(key, NewKey)} == {TooManyLive(7)}
        assert len(await stores[0].list_keys("Ada")) == 7


async def test_ended_keys_make_room_and_count_as_new(keys: SqlAccountKeys, owner: Account, clock: Clock) -> None:
    """A revoked and an expired key make room, but not for more than may be created within the hour."""
    limits = KeyLimits(live=2, new=4)
    first = await made(keys, owner, limits=limits)
    await made(keys, owner, limits=limits, lifetime=timedelta(minutes=1))
    assert await keys.create(owner.id, WANTED, limits) == TooManyLive(2)
    await keys.store.revoke_key(first.id)
    clock.advance(60)
    for _ in range(2):
        await made(keys, owner, limits=limits)
        await keys.store.revoke_key((await keys.newest(owner.id, 1)).keys[0].id)
    assert await keys.create(owner.id, WANTED, limits) == TooManyNew(NEW_WITHIN.seconds - 60)
    clock.advance(NEW_WITHIN.total_seconds() - 60)
    await made(keys, owner, limits=limits)


async def test_what_was_created_and_revoked_is_bounded(keys: SqlAccountKeys, owner: Account, clock: Clock) -> None:
    """However often a key is made and revoked, the newest ended ones are kept, and those that the ledger names."""
    named = [await made(keys, owner), await made(keys, owner)]
    for key in named:
        await call_of(keys, key)
    for key in [*named, *[await made(keys, owner) for _ in range(50)]]:
        await keys.store.revoke_key(key.id)
        clock.advance(1)
    assert len(await keys.store.list_keys("Ada")) == 52  # what ended within the hour stays
    clock.advance(NEW_WITHIN.total_seconds())
    works = await made(keys, owner)
    left = await keys.store.list_keys("Ada")
    assert {key.id for key in named} < {key.id for key in left}
    assert len(left) == len(named) + KEPT + 1
    assert left[-1].id == works.id
    assert all(key.revoked_at for key in left[:-1])


async def test_another_accounts_keys_are_left_alone(keys: SqlAccountKeys, owner: Account, clock: Clock) -> None:
    """Pruning, limits and pages are an account's own."""
    other = await keys.store.get_or_create_account("Bob")
    ended = [await made(keys, other) for _ in range(KEPT + 3)]
    for key in ended:
        await keys.store.revoke_key(key.id)
    clock.advance(2 * NEW_WITHIN.total_seconds())
    await made(keys, owner, limits=KeyLimits(live=1, new=1, ended=0))
    assert len(await keys.store.list_keys("Bob")) == len(ended)
    assert len((await keys.page(owner.id, 100)).keys) == 1
    assert (await keys.page(owner.id, 100, ended[0].id)).keys == ()


async def test_pages_have_every_key_once(keys: SqlAccountKeys, owner: Account, clock: Clock) -> None:
    """Page by page, forth and back, all keys come once and in order, also those of one instant."""
    for number in range(10):
        await made(keys, owner)
        clock.advance(number % 3 == 0)
    expected = [key.id for key in await keys.store.list_keys("Ada")]
    for read, order in ((keys.page, expected), (keys.newest, expected[::-1])):
        found: list[str] = []
        cursor = None
        while True:
            page = await read(owner.id, 4, cursor)
            found += [key.id for key in page.keys]
            assert page.has_more == (len(found) < 10)
            if not page.has_more:
                break
            cursor = found[-1]
        assert found == order


async def test_the_calls_of_an_account_are_read_from_an_index(accounts: SqlAccountStore, owner: Account) -> None:
    """One statement, whatever number of keys there is: an index gives the calls in order, and nothing is sorted."""
    statement = newest_calls(hold.c.account_id == owner.id, 20).compile(
        dialect=accounts.database.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    is_sqlite = accounts.database.url.is_sqlite
    async with accounts.database.reading() as connection:
        if not is_sqlite:
            await connection.execute(text("SET enable_seqscan = off"))  # there are too few rows for an index
            await connection.execute(text("SET enable_bitmapscan = off"))
        rows = await connection.execute(text(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}"))
        plan = "\n".join(str(row) for row in rows)
    assert "ix_hold_account_id_opened_at_id" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


async def made(
    keys: SqlAccountKeys, owner: Account, limits: KeyLimits = PRUNING, lifetime: timedelta | None = None
) -> ApiKey:
    """Create a key within the limits, and return it."""
    expires_at = None if lifetime is None else keys.store.now() + lifetime
    found = await keys.create(owner.id, WANTED._replace(expires_at=expires_at), limits)
    assert isinstance(found, NewKey)
    return found.key


async def call_of(keys: SqlAccountKeys, key: ApiKey) -> None:
    """Return a gateway call by this key, as the ledger records it."""
    now = keys.store.now()
    async with keys.store.database.writing() as connection:
        await connection.execute(
            insert(hold).values(
                id=f"call of {key.id}", trace_id="0" * 32, account_id=key.account.id, key_id=key.id, state="void",
                amount=0, estimated=False, streamed=False, opened_at=now, expires_at=now, closed_at=now,
            )
        )  # fmt: skip
