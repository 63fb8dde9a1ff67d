"""Real stores for the tests of the service."""

import os
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from service.auth.sql_accounts import SqlAccountStore
from service.storage.redis import connect
from tests.service.clocks import Clock
from tests.service.storage.databases import Databases, PostgresDatabases, SqliteDatabases, account_store
from tests.service.storage.postgres import postgres_server
from tests.service.store_process import StoreProcess, installed_binaries

# The script and the client are tried on every kind of server; what surrounds them, on one.
ON_EVERY_SERVER = {"test_limiter", "test_script_calendar", "test_script_model"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of the limiter run on Valkey; some, and all for `make promises`, also on Redis if it is installed."""
    package, _, module = metafunc.module.__name__.rpartition(".")
    everywhere = module in ON_EVERY_SERVER or "PROMISES_TIMED" in os.environ
    if package == "tests.service.limits" and "store" in metafunc.fixturenames and everywhere:
        metafunc.parametrize("store", sorted(installed_binaries(), reverse=True), indirect=True, scope="session")


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """Yield a store that all tests share, and must not damage."""
    binary = installed_binaries()[getattr(request, "param", "valkey")]
    process = StoreProcess(tmp_path_factory.mktemp("store"), binary)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """Yield a store for one test, which may freeze or kill it."""
    process = StoreProcess(tmp_path_factory.mktemp("own"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
async def redis_client(store: StoreProcess) -> AsyncIterator[Redis]:
    """The service's client of the shared store."""
    connected = connect(store.url, socket_timeout_seconds=10)
    assert isinstance(connected, Redis)
    yield connected
    await connected.aclose()


@pytest.fixture(scope="session")
def account_numbers() -> Iterator[int]:
    """Return numbers that no other test has had."""
    return count(1)


@pytest.fixture
def account_id(account_numbers: Iterator[int]) -> str:
    """Return an account id that no other test has used."""
    return f"account-{next(account_numbers)}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """One PostgreSQL server for all tests."""
    with postgres_server() as socket_folder:
        yield PostgresDatabases(socket_folder)


@pytest.fixture
def sqlite(tmp_path: Path) -> Databases:
    """Return SQLite files that are deleted after the test."""
    return SqliteDatabases(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Return the databases of each kind in turn."""
    kind: Databases = request.getfixturevalue(request.param)
    return kind


@pytest.fixture
def clock() -> Clock:
    """A clock that moves only when a test advances it."""
    return Clock()


@pytest.fixture
async def accounts(anyio_backend: str, databases: Databases, clock: Clock) -> AsyncIterator[SqlAccountStore]:
    """An account store on a new database."""
    async with account_store(databases.empty(), clock) as opened:
        yield opened
