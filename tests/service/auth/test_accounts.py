"""Accounts and keys in SQL: the same guarantees on SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from service.auth.accounts import ALL_SCOPES, KeyScope
from service.auth.keys import PREFIX, RANDOM_CHARACTERS, new_secret
from service.auth.pepper import Pepper, Peppers
from service.auth.sql_accounts import SqlAccountStore
from service.auth.sql_rows import key_values, scopes_of
from service.storage.sql.tables import account, api_key
from tests.service.clocks import START, Clock
from tests.service.storage.databases import OLD_PEPPER, PEPPERS, Databases, account_store
from tests.service.storage.dump import dump

pytestmark = pytest.mark.anyio


async def test_a_key_is_read_back_as_it_was_made(accounts: SqlAccountStore) -> None:
    """Every field of a key survives the database, times to the microsecond and in UTC."""
    owner = await accounts.get_or_create_account("Ada")
    expires_at = datetime(2027, 1, 31, 0, 0, 0, 1, tzinfo=UTC)
    made = await accounts.create_key(owner, "Büro ✓", frozenset({KeyScope.TOKENS}), expires_at)
    assert await accounts.list_keys("Ada") == [made.key]
    assert made.key.created_at == START
    assert made.key.expires_at == expires_at
    assert made.key.scopes == {"tokens"}
    assert (made.key.prefix, made.key.last_four) == (PREFIX, made.secret[-4:])


async def test_a_key_may_do_everything_unless_told_otherwise(accounts: SqlAccountStore) -> None:
    """Without scopes or an expiry a key has all scopes and does not expire."""
    made = await accounts.create_key(await accounts.get_or_create_account("Ada"))
    assert (made.key.scopes, made.key.expires_at) == (ALL_SCOPES, None)


async def test_account_names_are_taken_once(accounts: SqlAccountStore) -> None:
    """A second account of a name is refused, and surrounding space does not make a name new."""
    assert await accounts.create_account("Ada") is not None
    assert await accounts.create_account(" Ada ") is None


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "\x00", "\u202eabc"])
async def test_impossible_account_names_are_refused(accounts: SqlAccountStore, name: str) -> None:
    """A name that cannot be printed, or is empty or very long, never reaches the database."""
    with pytest.raises(ValueError, match="account name"):
        await accounts.create_account(name)


async def test_racing_callers_get_one_account(accounts: SqlAccountStore) -> None:
    """Of 20 callers who ask for one name in parallel, each gets the same account, and there is one row."""
    found = await asyncio.gather(*(accounts.get_or_create_account("Ada") for _ in range(20)))
    assert len({each.id for each in found}) == 1
    async with accounts.database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(account))).scalar_one() == 1


async def test_an_allowance_changes_only_where_it_is_given(accounts: SqlAccountStore) -> None:
    """Setting one limit of an account leaves the other; both are seen with its keys."""
    owner = await accounts.get_or_create_account("Ada")
    await accounts.set_allowance(owner.id, 5, None)
    changed = await accounts.set_allowance(owner.id, None, 10**12)
    assert changed is not None
    assert (changed.calls_per_second, changed.calls_per_month) == (5, 10**12)
    made = await accounts.create_key(owner)
    assert [key.account for key in await accounts.find_keys(made.key.id)] == [changed]
    assert await accounts.set_allowance(owner.id, None, None) == changed
    assert await accounts.set_allowance("acc_none", 1, 1) is None


async def test_keys_are_listed_by_account_and_age(accounts: SqlAccountStore, clock: Clock) -> None:
    """All keys come by account name and then age; one account's list has only its own."""
    bob, ada = [await accounts.get_or_create_account(name) for name in ("Bob", "Ada")]
    made = []
    for owner in (bob, ada, bob, ada):
        made.append((await accounts.create_key(owner)).key.id)
        clock.advance(1)
    assert [key.id for key in await accounts.list_keys()] == [made[1], made[3], made[0], made[2]]
    assert [key.id for key in await accounts.list_keys("Bob")] == [made[0], made[2]]
    assert await accounts.list_keys("Eve") == []


async def test_a_key_is_found_by_id_short_form_and_secret(accounts: SqlAccountStore) -> None:
    """Whatever an operator has of a key leads to it, and to no other."""
    owner = await accounts.get_or_create_account("Ada")
    made, _ = await accounts.create_key(owner), await accounts.create_key(owner)
    for reference in (made.key.id, made.key.shown, f"{PREFIX}…{made.key.last_four}", f" {made.secret} "):
        assert made.key in await accounts.find_keys(reference)
    for reference in (made.key.id, made.secret):
        assert await accounts.find_keys(reference) == [made.key]
    for reference in ("", "key_none", made.secret[:-1], new_secret(), "atms_sk_…", made.key.last_four):
        assert await accounts.find_keys(reference) == []


async def test_one_short_form_may_mean_several_keys(databases: Databases, clock: Clock) -> None:
    """Keys that end alike are all found, so that none is revoked by guess."""
    async with account_store(databases.empty(), clock) as accounts:
        owner = await accounts.get_or_create_account("Ada")
        made = [await accounts.create_key(owner) for _ in range(3)]
        async with accounts.database.writing() as connection:
            await connection.execute(api_key.update().values(last_four="same"))
        assert {key.id for key in await accounts.find_keys("atms_sk_…same")} == {key.key.id for key in made}


async def test_a_revocation_stands(accounts: SqlAccountStore, clock: Clock) -> None:
    """A revoked key stays revoked at the time of the first revocation; an unknown id is reported."""
    made = await accounts.create_key(await accounts.get_or_create_account("Ada"))
    first = await accounts.revoke_key(made.key.id)
    clock.advance(60)
    assert await accounts.revoke_key(made.key.id) == first
    assert first is not None
    assert first.key.revoked_at == START
    assert first.digest in PEPPERS.digests(made.secret)
    assert await accounts.revoke_key("key_none") is None


async def test_a_digest_leads_to_its_key_alone(accounts: SqlAccountStore) -> None:
    """A key is found under its digest and under no other key's."""
    owner = await accounts.get_or_create_account("Ada")
    made, other = await accounts.create_key(owner), await accounts.create_key(owner)
    found = await accounts.find_by_digest(PEPPERS.digests(made.secret))
    assert found is not None
    assert found.key == made.key != other.key
    assert await accounts.find_by_digest(PEPPERS.digests(new_secret())) is None


async def test_keys_of_an_older_pepper_still_work(databases: Databases, clock: Clock) -> None:
    """After a new pepper is put in front, old keys are found and new ones are stored under the new pepper."""
    url = databases.empty()
    async with account_store(url, clock, Peppers((OLD_PEPPER,))) as accounts:
        old = await accounts.create_key(await accounts.get_or_create_account("Ada"))
    async with account_store(url, clock, PEPPERS) as accounts:
        new = await accounts.create_key(old.key.account)
        assert await accounts.find_keys(old.secret) == [old.key]
        assert await accounts.find_keys(new.secret) == [new.key]
        assert await accounts.pepper_ids_in_use() == {pepper.id for pepper in PEPPERS.all}
        await accounts.revoke_key(old.key.id)
        assert await accounts.pepper_ids_in_use() == {PEPPERS.newest.id}


async def test_a_lost_pepper_is_seen(databases: Databases, clock: Clock) -> None:
    """Under another pepper no key is found, and the pepper that is missing can be named."""
    url = databases.empty()
    async with account_store(url, clock) as accounts:
        made = await accounts.create_key(await accounts.get_or_create_account("Ada"))
    async with account_store(url, clock, Peppers((Pepper.of(b"x" * 32),))) as accounts:
        assert await accounts.find_keys(made.secret) == []
        assert await accounts.pepper_ids_in_use() == {PEPPERS.newest.id}


async def test_last_use_is_written_once_a_minute(accounts: SqlAccountStore) -> None:
    """A use within a minute of the one that is written changes nothing, whichever process brings it."""
    owner = await accounts.get_or_create_account("Ada")
    made = [await accounts.create_key(owner) for _ in range(2)]

    async def after(seconds: float) -> datetime | None:
        await accounts.touch_last_used({made[0].key.id: START + timedelta(seconds=seconds), "key_none": START})
        return (await accounts.find_keys(made[0].key.id))[0].last_used_at

    assert [await after(seconds) for seconds in (0, 59.9, -5, 60)] == [
        START,
        START,
        START,
        START + timedelta(minutes=1),
    ]
    assert (await accounts.find_keys(made[1].key.id))[0].last_used_at is None
    await accounts.touch_last_used({})


async def test_racing_notes_of_use_do_not_block_each_other(accounts: SqlAccountStore) -> None:
    """Processes that write uses of the same keys in any order all succeed."""
    made = await accounts.create_key(await accounts.get_or_create_account("Ada"))
    ids = [f"key_{number}" for number in range(300)]
    rows = [key_values(replace(made.key, id=each), PEPPERS.newest, each) for each in ids]
    async with accounts.database.writing() as connection:
        await connection.execute(api_key.insert(), rows)
    await asyncio.gather(
        *(accounts.touch_last_used(dict.fromkeys(order, START)) for order in (ids, ids[::-1]) for _ in range(3))
    )
    unused = [key.id for key in await accounts.list_keys() if key.last_used_at != START]
    assert unused == [made.key.id]


async def test_no_part_of_a_secret_is_stored(accounts: SqlAccountStore) -> None:
    """In a whole dump no eight characters in a row of a key's random part are found."""
    owner = await accounts.get_or_create_account("Ada")
    made = [await accounts.create_key(owner, "a label") for _ in range(5)]
    await accounts.find_keys(made[0].secret)
    await accounts.revoke_key(made[0].key.id)
    dumped = dump(accounts.database.url)
    assert "a label" in dumped
    for _, secret in made:
        start = len(PREFIX)
        pieces = [secret[at : at + 8] for at in range(start, start + RANDOM_CHARACTERS - 7)]
        assert [piece for piece in pieces if piece in dumped] == []


def test_an_unknown_scope_permits_nothing() -> None:
    """A scope written by a newer version is dropped, and grants nothing."""
    assert scopes_of("tokens billing") == {KeyScope.TOKENS}
    assert scopes_of("") == frozenset()


async def test_a_key_is_rotated_in_one_step(accounts: SqlAccountStore, clock: Clock) -> None:
    """The new key is stored with the old one's account, label and scopes, and the old one gets its end."""
    old = await accounts.create_key(await accounts.get_or_create_account("Ada"), "build", frozenset({KeyScope.TOKENS}))
    clock.advance(60)
    rotated = await accounts.rotate_key(old.key.id, timedelta(hours=1))
    assert rotated is not None
    new, replaced = rotated
    assert await accounts.list_keys() == [replace(old.key, expires_at=clock.now() + timedelta(hours=1)), new.key]
    assert (new.key.label, new.key.scopes, new.key.expires_at) == ("build", frozenset({KeyScope.TOKENS}), None)
    assert replaced.digest == PEPPERS.newest.digest(old.secret)
    assert await accounts.find_by_digest([PEPPERS.newest.digest(new.secret)]) is not None
    assert await accounts.rotate_key("key_none", timedelta()) is None


async def test_an_account_loses_its_own_limits(accounts: SqlAccountStore) -> None:
    """A cleared allowance becomes the service's default again; accounts are listed by name and found by it."""
    for name in ("Bob", "Ada"):
        await accounts.set_allowance((await accounts.get_or_create_account(name)).id, 3, 700)
    ada = await accounts.find_account(" Ada ")
    assert ada is not None
    await accounts.clear_allowance(ada.id)
    limits = [(each.name, each.calls_per_second, each.calls_per_month) for each in await accounts.list_accounts()]
    assert limits == [("Ada", None, None), ("Bob", 3, 700)]
    assert await accounts.find_account("nobody") is None
