"""Real stores for the tests of the service."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from redis.asyncio import Redis

from service.stores.redis import connect
from tests.service.store_process import StoreProcess, installed_binaries


@pytest.fixture(scope="session", params=sorted(installed_binaries(), reverse=True))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A store that all tests share; not to be harmed. Once with each server that is installed."""
    process = StoreProcess(tmp_path_factory.mktemp("store"), installed_binaries()[request.param])
    process.start()
    yield process
    process.stop()


@pytest.fixture
def own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A store for one test, which may freeze or kill it."""
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
    """Numbers that no other test has had."""
    return count(1)


@pytest.fixture
def account_id(account_numbers: Iterator[int]) -> str:
    """An account that no other test has used."""
    return f"account-{next(account_numbers)}"
