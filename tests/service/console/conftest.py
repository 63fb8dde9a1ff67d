"""The whole application in this process, on a database and a store of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.types import ASGIApp

from pricing_data import PriceBook
from service.app import create_app
from service.auth.accounts import Account
from service.auth.passwords import Passwords
from service.auth.users import User
from service.connections import Addresses, Connections
from service.runtime.settings_loading import load
from service.storage.sql.migrate import upgrade
from service.storage.sql.url import DatabaseUrl
from tests.service.storage.databases import PEPPERS
from tests.service.store_process import StoreProcess
from tokenizer_registry import Registry

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Console:
    """A served application, a client of it, its stores, and a user."""

    client: httpx2.AsyncClient
    app: ASGIApp
    connections: Connections
    account: Account
    user: User

    async def log_in(self, email: str = "ada@example.org", password: str = PASSWORD) -> httpx2.Response:
        """Return the answer to an attempt to log in."""
        return await self.client.post("/api/console/session", json={"email": email, "password": password})

    async def session(self) -> dict[str, str]:
        """Return the header of a new session."""
        return {"Authorization": f"Bearer {(await self.log_in()).json()['access_token']}"}


@pytest.fixture
async def console(anyio_backend: str, tmp_path: Path, store: StoreProcess) -> AsyncIterator[Console]:
    """An application with one account and one user."""
    url = DatabaseUrl.of_file(tmp_path / "a.db")
    upgrade(url)
    addresses = Addresses(store.url, url, PEPPERS)
    connections = Connections(addresses, limits_without_redis="local", redis_timeout_seconds=10)
    app = create_app(load({}).settings, connections, Registry.from_package(), PriceBook.from_package())
    async with connections.open():
        account = await connections.accounts.get_or_create_account("Ada")
        password_hash = await Passwords(PasswordHasher(1, 8, 1)).hash(PASSWORD)
        user = await connections.users.create_user("ada@example.org", account.id, password_hash)
        assert user is not None
        # Each test has an address of its own: the store, and with it the counts of attempts, is shared.
        transport = httpx2.ASGITransport(app=app, client=(f"address of {tmp_path}", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Console(client, app, connections, account, user)
