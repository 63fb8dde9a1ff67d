"""Connections to SQLite: reads see the newest commit, and work is done in a thread, in order."""

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import IntegrityError

from service.auth.sql_accounts import SqlAccountStore
from service.storage.errors import StoreUnavailable
from service.storage.sql import sqlite
from service.storage.sql.engine import Database, blocking_engine
from service.storage.sql.migrate import upgrade
from service.storage.sql.sqlite import BEGIN_OPTION, MAX_READERS, SideThread
from service.storage.sql.tables import account
from service.storage.sql.url import DatabaseUrl
from tests.service.storage.databases import Databases

pytestmark = pytest.mark.anyio

BY_NAME = select(account.c.name).where(account.c.name == bindparam("name"))


async def names(database: Database, name: str) -> list[str]:
    """Return the names that a read finds."""
    return [row.name for row in await database.rows(BY_NAME, {"name": name})]


async def test_what_is_done_is_answered_in_order() -> None:
    """Results arrive in the order of the work, from one other thread; errors are raised in the caller."""
    thread, used = SideThread("side"), list[str]()
    work = [thread.run(lambda: used.append(threading.current_thread().name)) for _ in range(3)]
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 / 0)
    assert all(one.done() for one in work)
    assert used == ["side"] * 3
    thread.close()


@pytest.mark.promise(48)
def test_the_thread_outlives_a_loop_that_was_closed() -> None:
    """A result whose event loop is closed is dropped; the next loop's work is done normally."""
    thread, go = SideThread("side"), threading.Event()

    async def leave() -> None:
        thread.run(lambda: go.wait(5))

    asyncio.run(leave())
    go.set()

    async def ask() -> int:
        return await asyncio.wait_for(thread.run(lambda: 1), timeout=5)

    assert asyncio.run(ask()) == 1
    thread.close()


async def test_what_was_begun_ends() -> None:
    """Work continues after its caller was cancelled, and `close` waits for it."""
    thread, go, ended = SideThread("side"), threading.Event(), threading.Event()

    def work() -> None:
        go.wait(5)
        ended.set()

    thread.run(work).cancel()
    await asyncio.sleep(0)
    go.set()
    thread.close()
    assert ended.is_set()
    assert "side" not in {one.name for one in threading.enumerate()}


async def test_a_read_sees_what_another_process_has_just_committed(accounts: SqlAccountStore) -> None:
    """Commits of other connections are seen by the next read, whatever was read before."""
    assert await names(accounts.database, "Ada") == []
    for name in ("Ada", "Bob"):
        await accounts.create_account(name)
        assert await names(accounts.database, name) == [name]
    with blocking_engine(accounts.database.url) as engine, engine.begin() as connection:
        connection.execute(account.update().where(account.c.name == "Ada").values(name="Eve"))
    assert await names(accounts.database, "Ada") == []
    assert await names(accounts.database, "Eve") == ["Eve"]


async def test_a_read_goes_on_after_a_failure(databases: Databases) -> None:
    """A read of a database without tables raises, and succeeds once it has them."""
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
    """Without its folder the database raises StoreUnavailable, and is counted as unavailable."""
    errors: list[None] = []
    database = Database(DatabaseUrl.of_file(tmp_path / "gone" / "a.db"), lambda: errors.append(None))
    with pytest.raises(StoreUnavailable, match="gone"):
        await names(database, "Ada")
    assert len(errors) == 1
    await database.close()


async def test_a_cancelled_write_leaves_nothing(tmp_path: Path) -> None:
    """A writer that is cancelled, before or while its statement runs, is rolled back before the next one begins."""
    url = DatabaseUrl.of_file(tmp_path / "a.db")
    upgrade(url)
    database = Database(url)
    insert = text("INSERT INTO account (id, name, created_at) VALUES ('a', 'a', 0)")

    async def write() -> None:
        async with database.writing() as connection:
            await connection.execute(insert)
            await asyncio.sleep(60)

    for turns in (1, 2, 3, 10, 100):
        writing = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait([writing])
        assert await names(database, "a") == []
    async with database.writing() as connection:
        await connection.execute(insert)
    assert await names(database, "a") == ["a"]
    await database.close()


async def test_a_failed_statement_leaves_nothing(tmp_path: Path) -> None:
    """A raw statement that is refused raises SQLAlchemy's error, and earlier writes are rolled back."""
    url = DatabaseUrl.of_file(tmp_path / "a.db")
    upgrade(url)
    database = Database(url)
    insert = "INSERT INTO account (id, name, created_at) VALUES (:id, :id, 0)"

    async def write() -> None:
        async with database.writing() as connection:
            await connection.run_each(insert, [{"id": "a"}])
            await connection.fetch_each(insert + " RETURNING id", [{"id": "b"}, {"id": "a"}])

    with pytest.raises(IntegrityError, match="UNIQUE"):
        await write()
    assert await names(database, "a") == await names(database, "b") == []
    await database.close()


async def test_readers_and_writers_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader or writer beyond the maximum waits for the others, and is refused after a time-out."""
    url, errors = DatabaseUrl.of_file(tmp_path / "a.db"), list[str]()
    upgrade(url)
    database = Database(url, on_write_error=errors.append)
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.05)
    async with AsyncExitStack() as opened:
        for _ in range(MAX_READERS):
            await opened.enter_async_context(database.reading())
        with pytest.raises(StoreUnavailable, match="readers take too long"):
            await names(database, "a")
    assert await names(database, "a") == []
    async with database.writing():
        assert await names(database, "a") == []
        with pytest.raises(StoreUnavailable, match="writers take too long"):
            async with database.writing():
                pass
    assert errors == ["other writers take too long."]
    await database.close()


async def test_another_process_is_waited_for_in_the_thread(tmp_path: Path) -> None:
    """While another process writes, a writer waits and the event loop goes on."""
    url = DatabaseUrl.of_file(tmp_path / "a.db")
    upgrade(url)
    database = Database(url)

    async def write() -> None:
        async with database.writing() as connection:
            await connection.run_each("UPDATE account SET name = :name", [{"name": "b"}])

    await write()
    with blocking_engine(url) as engine, engine.connect().execution_options(**{BEGIN_OPTION: "IMMEDIATE"}) as other:
        with other.begin():
            writing = asyncio.create_task(write())
            await asyncio.sleep(0.2)
            assert not writing.done()
        await writing
    await database.close()
