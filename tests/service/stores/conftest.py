"""Both kinds of database: a test that asks for `databases` runs on each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from service.stores.sql.accounts import SqlAccountStore
from tests.service.clocks import Clock
from tests.service.stores.databases import Databases, PostgresDatabases, SqliteDatabases, account_store
from tests.service.stores.postgres import postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """One PostgreSQL server for all tests."""
    with postgres_server() as socket_folder:
        yield PostgresDatabases(socket_folder)


@pytest.fixture
def sqlite(tmp_path: Path) -> Databases:
    """SQLite files that are gone after the test."""
    return SqliteDatabases(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Each kind in turn."""
    kind: Databases = request.getfixturevalue(request.param)
    return kind


@pytest.fixture
def clock() -> Clock:
    """Time that stands still until it is told to move."""
    return Clock()


@pytest.fixture
async def store(anyio_backend: str, databases: Databases, clock: Clock) -> AsyncIterator[SqlAccountStore]:
    """An account store on a new database."""
    async with account_store(databases.empty(), clock) as opened:
        yield opened
