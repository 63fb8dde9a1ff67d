"""Reads in one trip: the newest that is committed, and none the worse for a failure."""

from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text

from service.auth.sql_accounts import SqlAccountStore
from service.storage.errors import StoreUnavailable
from service.storage.sql.engine import Database, blocking_engine
from service.storage.sql.tables import account
from service.storage.sql.url import DatabaseUrl
from tests.service.storage.databases import Databases

pytestmark = pytest.mark.anyio

BY_NAME = select(account.c.name).where(account.c.name == bindparam("name"))


async def names(database: Database, name: str) -> list[str]:
    """What a read finds."""
    return [row.name for row in await database.rows(BY_NAME, {"name": name})]


async def test_a_read_sees_what_another_process_has_just_committed(accounts: SqlAccountStore) -> None:
    """Writes of other connections are seen by the very next read, whatever was read before."""
    assert await names(accounts.database, "Ada") == []
    for name in ("Ada", "Bob"):
        await accounts.create_account(name)
        assert await names(accounts.database, name) == [name]
    with blocking_engine(accounts.database.url) as engine, engine.begin() as connection:
        connection.execute(account.update().where(account.c.name == "Ada").values(name="Eve"))
    assert await names(accounts.database, "Ada") == []
    assert await names(accounts.database, "Eve") == ["Eve"]


async def test_a_read_goes_on_after_a_failure(databases: Databases) -> None:
    """A database without tables is told of, and read once it has them."""
    database = Database(databases.empty())
    with pytest.raises(Exception, match="account"):
        await names(database, "Ada")
    with blocking_engine(database.url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (name TEXT)"))
    assert await names(database, "Ada") == []
    await database.close()
    assert await names(database, "Ada") == [], "after a close it begins anew"
    await database.close()
    await database.close()


async def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """Without its folder the database is unavailable, and counted as such."""
    errors: list[None] = []
    database = Database(DatabaseUrl.of_file(tmp_path / "gone" / "a.db"), lambda: errors.append(None))
    with pytest.raises(StoreUnavailable, match="gone"):
        await names(database, "Ada")
    assert len(errors) == 1
    await database.close()
