"""The client of the store: whether the store answers, and whether it keeps its data."""

import asyncio
import time

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service.storage.redis import check_store, connect, ping
from tests.fault_proxy import FaultProxy
from tests.service.store_process import StoreProcess

pytestmark = pytest.mark.anyio


async def test_store_that_is_set_up_well_draws_no_warning(own_store: StoreProcess) -> None:
    """A store with an append-only file and without eviction is fine."""
    client = connect(own_store.url, socket_timeout_seconds=10)
    assert await check_store(client) == []
    await client.aclose()


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [("appendonly", "no", "appendonly yes"), ("maxmemory-policy", "allkeys-lru", "maxmemory-policy noeviction")],
)
async def test_store_that_may_lose_counts_draws_a_warning(
    own_store: StoreProcess, setting: str, value: str, word: str
) -> None:
    """Each setting under which counts may be lost is named, with the value to set instead."""
    client = connect(own_store.url, socket_timeout_seconds=10)
    await client.config_set(setting, value)
    (warning,) = await check_store(client)
    assert word in warning
    await client.aclose()


async def test_store_that_is_away_draws_a_warning(own_store: StoreProcess) -> None:
    """A store that cannot be reached gives a warning, not an exception."""
    own_store.stop()
    client = connect(own_store.url)
    (warning,) = await check_store(client)
    assert "could not be examined" in warning
    await client.aclose()


async def test_ping_tells_a_frozen_store_from_a_working_one(own_store: StoreProcess) -> None:
    """A ping fails while the store does not answer, and succeeds as soon as it answers again."""
    client = connect(own_store.url)
    assert await ping(client, timeout_seconds=5)
    own_store.freeze()
    assert not await ping(client)
    own_store.thaw()
    assert await ping(client, timeout_seconds=5)
    await client.aclose()


async def test_client_gives_up_once_and_repeats_nothing(own_store: StoreProcess) -> None:
    """A command without an answer fails after the time-out, having been sent once."""
    async with FaultProxy(lambda: asyncio.open_unix_connection(own_store.socket_path)) as proxy:
        client = connect(f"redis://127.0.0.1:{proxy.port}")
        await client.ping()
        proxy.swallow = True
        began = time.monotonic()
        with pytest.raises(RedisTimeoutError):
            await client.incr("counter")
        assert time.monotonic() - began < 2, "the library's own retries would take 5 s"
        assert proxy.connections == 1
        proxy.refuse = True
        with pytest.raises(RedisConnectionError):
            await client.incr("counter")
        await client.aclose()
