"""Recording when keys were last used."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from service.auth.authenticator import LastUsed
from service.auth.sql_accounts import SqlAccountStore
from service.runtime.background import in_background
from service.storage.errors import StoreUnavailable
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import START, Clock
from tests.service.storage.databases import PEPPERS, account_store

pytestmark = pytest.mark.anyio


class ShakyStore(SqlAccountStore):
    """The real store, which fails for the first write."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.writes = 0
        self.written = asyncio.Event()

    async def touch_last_used(self, used_at: Mapping[str, datetime]) -> None:
        self.writes += 1
        if self.writes == 1:
            raise StoreUnavailable("sqlite:///shaky.db", "switched off.")
        await super().touch_last_used(used_at)
        self.written.set()


@pytest.fixture
async def store(anyio_backend: str, tmp_path: Path) -> AsyncIterator[ShakyStore]:
    """Yield a store on a new SQLite file."""
    clock = Clock()
    async with account_store(DatabaseUrl.of_file(tmp_path / "a.db"), clock) as opened:
        yield ShakyStore(opened.database, PEPPERS, clock.now)


async def test_uses_survive_a_store_that_is_away(store: ShakyStore) -> None:
    """Uses that could not be written are written by the next attempt, the newest use of each key."""
    owner = await store.get_or_create_account("Ada")
    first, second = [(await store.create_key(owner)).key.id for _ in range(2)]
    last_used = LastUsed(store)
    last_used.note(first, START)
    last_used.note(second, START)
    with pytest.raises(StoreUnavailable):
        await last_used.flush()
    last_used.note(second, START + timedelta(seconds=1))
    await last_used.flush()
    written = {key.id: key.last_used_at for key in await store.list_keys()}
    assert written == {first: START, second: START + timedelta(seconds=1)}


async def test_the_writer_goes_on_after_a_failure(store: ShakyStore) -> None:
    """The background loop survives a failing store, and writes when the store works again."""
    key_id = (await store.create_key(await store.get_or_create_account("Ada"))).key.id
    last_used = LastUsed(store)
    last_used.note(key_id, START)
    async with in_background("last_used", partial(last_used.step, interval_seconds=0)):
        await asyncio.wait_for(store.written.wait(), timeout=10)
    assert (await store.list_keys())[0].last_used_at == START
