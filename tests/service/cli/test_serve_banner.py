"""The key that `serve` prints for a first call."""

import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.auth.keys import new_secret
from service.auth.sql_accounts import SqlAccountStore
from service.cli.serve_banner import demo_key
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import START, Clock
from tests.service.storage.databases import account_store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(anyio_backend: str, tmp_path: Path) -> AsyncIterator[SqlAccountStore]:
    """A store on a new SQLite file."""
    async with account_store(DatabaseUrl.of_file(tmp_path / "a.db"), Clock()) as opened:
        yield opened


async def test_one_working_key_is_kept(store: SqlAccountStore, tmp_path: Path) -> None:
    """Every start gives the same working key of the account `demo`, from a file for the owner alone."""
    secret = await demo_key(store, tmp_path, START)
    assert await demo_key(store, tmp_path, START) == secret
    assert [key.account.name for key in await store.list_keys()] == ["demo"]
    assert [key.refusal(START) for key in await store.find_keys(secret)] == [None]
    assert stat.S_IMODE((tmp_path / "demo-key").stat().st_mode) == 0o600


async def test_a_key_that_works_no_more_is_replaced(store: SqlAccountStore, tmp_path: Path) -> None:
    """A key that is revoked, expired, unknown to the database or damaged gives way to a new one."""
    path = tmp_path / "demo-key"
    revoked = await demo_key(store, tmp_path, START)
    await store.revoke_key((await store.find_keys(revoked))[0].id)
    owner = await store.get_or_create_account("demo")
    expired = (await store.create_key(owner, expires_at=START)).secret
    for useless in (revoked, expired, new_secret(), "", "damaged", "\ud800\n"):
        path.write_text(useless, errors="surrogatepass")
        secret = await demo_key(store, tmp_path, START + timedelta(seconds=1))
        assert secret != useless
        assert [key.refusal(START) for key in await store.find_keys(secret)] == [None]
        assert path.read_text().strip() == secret
