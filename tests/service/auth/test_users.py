"""Console users in SQL: the same on SQLite and PostgreSQL."""

import pytest

from service.auth.sql_accounts import SqlAccountStore
from service.auth.sql_users import SqlUserStore
from tests.service.clocks import START, Clock

pytestmark = pytest.mark.anyio


async def test_users_are_kept(accounts: SqlAccountStore, clock: Clock) -> None:
    """A user is found by e-mail and id, created once, gets a new generation with a new password, and is deleted."""
    users = SqlUserStore(accounts.database, clock.now)
    account = await accounts.get_or_create_account("Ada")
    made = await users.create_user("ada@example.org", account.id, "hash")
    assert made is not None
    assert (made.account_id, made.account_name, made.generation, made.created_at) == (account.id, "Ada", 1, START)
    assert await users.create_user("ada@example.org", account.id, "hash") is None
    assert await users.find_user(made.id) == await users.find_by_email("ada@example.org") == made
    changed = await users.set_password("ada@example.org", "other")
    assert changed is not None
    assert (changed.password_hash, changed.generation) == ("other", 2)
    assert await users.set_password("eve@example.org", "other") is None
    assert await users.list_users() == [changed]
    assert await users.delete_user("ada@example.org")
    assert not await users.delete_user("ada@example.org")
    assert await users.find_user(made.id) is None
