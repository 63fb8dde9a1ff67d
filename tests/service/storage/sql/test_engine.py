"""Connections and transactions."""

import asyncio
import socket
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import IntegrityError

from service.auth.sql_accounts import SqlAccountStore
from service.storage.errors import StoreUnavailable
from service.storage.sql.engine import Database
from service.storage.sql.migrate import upgrade
from service.storage.sql.tables import UtcMicroseconds
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import START
from tests.service.storage.databases import PEPPERS

pytestmark = pytest.mark.anyio

INSERT = "INSERT INTO account (id, name, created_at) VALUES ('a', 'a', 0)"


def closed_port() -> int:
    """Return a port of this machine on which no process listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


async def test_a_failed_transaction_leaves_nothing(accounts: SqlAccountStore) -> None:
    """Writes before an exception are rolled back."""

    async def stop_halfway() -> None:
        async with accounts.database.writing() as connection:
            await connection.execute(text(INSERT))
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        await stop_halfway()
    assert await accounts.create_account("a") is not None


async def test_writers_take_turns(accounts: SqlAccountStore) -> None:
    """Twenty transactions that read before they write lose no update."""
    owner = await accounts.get_or_create_account("Ada")

    async def increment() -> None:
        async with accounts.database.writing() as connection:
            read = text("SELECT coalesce(calls_per_second, 0) FROM account WHERE id = :id" + lock)
            value = (await connection.execute(read, {"id": owner.id})).scalar_one()
            write = text("UPDATE account SET calls_per_second = :value WHERE id = :id")
            await connection.execute(write, {"id": owner.id, "value": value + 1})

    lock = "" if accounts.database.url.is_sqlite else " FOR UPDATE"
    await asyncio.gather(*(increment() for _ in range(20)))
    changed = await accounts.set_allowance(owner.id, None, None)
    assert changed is not None
    assert changed.calls_per_second == 20


async def test_a_key_needs_an_account(accounts: SqlAccountStore) -> None:
    """Foreign keys are enforced, in SQLite too."""
    made = await accounts.create_key(await accounts.get_or_create_account("Ada"))
    with pytest.raises(IntegrityError):
        async with accounts.database.writing() as connection:
            await connection.execute(text("DELETE FROM account WHERE id = :id"), {"id": made.key.account.id})


async def test_a_database_that_is_there_answers(accounts: SqlAccountStore) -> None:
    """Ping succeeds while the database is reachable."""
    await accounts.database.ping()


async def test_an_unreachable_server_is_one_sentence_without_the_password() -> None:
    """A closed port raises StoreUnavailable with the address, the reason and no password."""
    port = closed_port()
    database = Database(DatabaseUrl.parse(f"postgresql://ada:s3cret@127.0.0.1:{port}/weighbridge?sslmode=disable"))
    accounts = SqlAccountStore(database, PEPPERS, lambda: START)
    for attempt in (database.ping(), accounts.list_keys()):
        with pytest.raises(StoreUnavailable) as caught:
            await attempt
        shown = str(caught.value)
        assert shown.startswith(f"The store postgresql://ada:***@127.0.0.1:{port}/weighbridge cannot be used: ")
        assert "refused" in shown
        assert "s3cret" not in shown
        assert "\n" not in shown
    await database.close()


async def test_a_silent_server_is_given_up() -> None:
    """A server that accepts the connection and never answers raises StoreUnavailable after the time-out."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        database = Database(DatabaseUrl.parse(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/weighbridge"))
        with pytest.raises(StoreUnavailable, match=r"no answer within 0\.05 s"):
            await database.ping(timeout_seconds=0.05)
        await database.close()


def test_a_file_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    """A folder in place of the SQLite file gives StoreUnavailable."""
    with pytest.raises(StoreUnavailable, match=r"^The store sqlite:///\S+ cannot be used: unable to open"):
        upgrade(DatabaseUrl.of_file(tmp_path))


async def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    """Any other file in place of the SQLite file gives StoreUnavailable, for migrations and for work."""
    path = tmp_path / "a.db"
    path.write_text("This is not a database. " * 100)
    url = DatabaseUrl.of_file(path)
    with pytest.raises(StoreUnavailable, match="not a database"):
        upgrade(url)
    database = Database(url)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await SqlAccountStore(database, PEPPERS, lambda: START).list_keys()
    await database.close()


def test_a_naive_time_is_refused() -> None:
    """A time without a zone is never stored, because its instant is unknown."""
    with pytest.raises(TypeError):
        UtcMicroseconds().process_bind_param(START.replace(tzinfo=None), DefaultDialect())
