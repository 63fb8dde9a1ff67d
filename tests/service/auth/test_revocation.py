"""Notices of changed keys reach every process that listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from service.auth.revocation import Revocations
from service.runtime.background import in_background
from service.storage.redis import connect
from tests.service.store_process import StoreProcess

pytestmark = pytest.mark.anyio


class Listener:
    """A process that listens for changed keys."""

    def __init__(self) -> None:
        self.forgotten: asyncio.Queue[str] = asyncio.Queue()
        self.heard = asyncio.Event()

    async def forgets(self) -> str:
        """Return the next digest that arrives."""
        async with asyncio.timeout(10):
            return await self.forgotten.get()


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Listener]:
    """Yield a listener with a connection of its own, as the service creates it."""
    client, listener = connect(url), Listener()
    listen = partial(Revocations(client).listen, listener.forgotten.put_nowait, listener.heard.set)
    try:
        async with in_background("revocations", listen):
            async with asyncio.timeout(10):
                await listener.heard.wait()
            yield listener
    finally:
        await client.aclose()


async def test_every_listener_hears(own_store: StoreProcess) -> None:
    """One notice of a digest reaches two processes."""
    url = own_store.url
    async with listening(url) as one, listening(url) as other, connect(url) as client:
        assert await Revocations(client).publish("ab" * 32)
        assert [await one.forgets(), await other.forgets()] == ["ab" * 32] * 2


async def test_listening_goes_on_after_a_restart_of_the_store(own_store: StoreProcess) -> None:
    """A listener whose store was killed and restarted receives notices again by itself."""
    async with listening(own_store.url) as listener, connect(own_store.url) as client:
        listener.heard.clear()
        own_store.kill()
        async with asyncio.timeout(20):
            await listener.heard.wait()
        assert await Revocations(client).publish("cd" * 32)
        assert await listener.forgets() == "cd" * 32


async def test_a_store_that_is_away_is_no_failure() -> None:
    """Publishing without a store returns False and raises nothing."""
    async with connect("redis://127.0.0.1:1/0") as client:
        assert not await Revocations(client).publish("ef" * 32)
