"""The whole service in a thread of the test process, with an upstream that tests script, and money for its callers."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal

import httpx2
from starlette.applications import Starlette

from pricing_data import PriceBook
from service.app import create_app
from service.billing.ledger import Balance, CallRecord, LedgerEntry
from service.billing.money import MICRO_INR
from service.connections import Addresses, Connections
from service.runtime.settings import Settings
from service.storage.sql.migrate import upgrade
from service.storage.sql.url import DatabaseUrl
from tests.fake_upstream import MODEL, FakeUpstream
from tests.served import Served, served
from tests.service.billing.ledgers import faults_in_the_books
from tests.service.gateway.interrupted_calls import AtPoint, calls_reported_to
from tests.service.storage.databases import PEPPERS
from tokenizer_registry import Registry

CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "cipher", "messages": [{"role": "user", "content": "Hello!"}]}
NO_REDIS = "redis://127.0.0.1:1/0"
UPSTREAM_KEY = "upstream-key-1"
SETTINGS: dict[str, Any] = {
    "upstream_model": MODEL,
    "upstream_api_key": UPSTREAM_KEY,
    "upstream_vocabulary": "cl100k_base",
    # Longer than anything here takes on a busy machine: tests of the end of these times set their own.
    "upstream_timeout_seconds": 20.0,
    "gateway_drain_seconds": 20.0,
    "credit_welcome_inr": 0,
    "credit_top_up_url": "https://example.org/top-up",
    "max_body_bytes": 1_000_000,
}


class Caller:
    """A key with credit, and the calls that are made with it."""

    def __init__(self, gateway: "Gateway", account_id: str, key_id: str, secret: str) -> None:
        self.gateway = gateway
        self.account_id = account_id
        self.key_id = key_id
        self.secret = secret
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.http = httpx2.Client(base_url=gateway.url, headers=self.headers, timeout=20)

    def chat(self, *, headers: dict[str, str] | None = None, **changes: Any) -> httpx2.Response:
        """Make one call, by default a short plain one."""
        return self.http.post(CHAT, json={**HELLO, **changes}, headers=headers)

    def balance(self) -> Balance:
        """Return the account's balance."""
        found = self.gateway.run(self.gateway.connections.statements.balance(self.account_id))
        assert found is not None
        return found

    def calls(self) -> list[CallRecord]:
        """All calls of the key, newest first."""
        return self.gateway.run(self.gateway.connections.statements.calls(self.key_id, 1000))

    def entries(self) -> list[LedgerEntry]:
        """All entries of the key."""
        return self.gateway.run(self.gateway.connections.statements.entries(self.account_id, self.key_id))

    def closed_calls(self, number: int) -> list[CallRecord]:
        """The closed calls of the key, newest first, once there are so many."""
        for _ in range(500):
            calls = [call for call in self.calls() if call.closed_at is not None]
            if len(calls) >= number:
                return calls
            self.gateway.run(_soon())
        raise AssertionError(f"not closed: {self.calls()}")

    def closed_call(self) -> CallRecord:
        """The only call of the key, once it is closed."""
        (call,) = self.closed_calls(1)
        return call


async def _soon() -> None:
    await asyncio.sleep(0.01)


class Gateway:
    """A running service with its settings, stores and fake upstream."""

    def __init__(
        self, app: Starlette, server: Served, connections: Connections, settings: Settings, upstream: FakeUpstream
    ) -> None:
        self.app = app
        self.server = server
        self.url = server.url
        self.run = server.run
        self.connections = connections
        self.settings = settings
        self.upstream = upstream
        self.numbers = count()
        self.callers: list[Caller] = []

    def caller(self, micro_inr: int = 100 * MICRO_INR, account_id: str | None = None) -> Caller:
        """A new key of a new account with that much money, or one more key of an account."""
        accounts, statements = self.connections.accounts, self.connections.statements
        name = f"account-{next(self.numbers)}"

        async def made() -> Caller:
            known = None if account_id is None else await statements.find_account(account_id)
            account = known or await accounts.get_or_create_account(name)
            key, secret = await accounts.create_key(account)
            if known is None and micro_inr:
                await statements.grant(account.id, micro_inr, name, "for a test")
            return Caller(self, account.id, key.id, secret)

        caller = self.run(made())
        self.callers.append(caller)
        return caller

    def faults(self) -> list[str]:
        """Return the inconsistencies in the books."""
        return faults_in_the_books(self.connections.database.url)


@contextmanager
def served_gateway(
    folder: Path,
    upstream: FakeUpstream,
    registry: Registry,
    *,
    http: Literal["httptools", "h11"] = "httptools",
    at_point: AtPoint = lambda _: None,
    redis_url: str = NO_REDIS,
    **changes: Any,
) -> Iterator[Gateway]:
    """A service on a new database; `changes` are settings, and `at_point` is called as its calls go on."""
    settings = Settings.model_validate({"upstream_url": upstream.url, **SETTINGS, **changes})
    url = DatabaseUrl.of_file(folder / "gateway.db")
    upgrade(url)
    connections = Connections(
        Addresses(redis_url, url, PEPPERS),
        limits_without_redis="local",
        # A busy machine must not look like a lost store.
        redis_timeout_seconds=10,
        welcome_micro_inr=settings.credit_welcome_inr * MICRO_INR,
    )
    with calls_reported_to(at_point):
        app = create_app(settings, connections, registry, PriceBook.from_package())
    with served(app, http) as server:
        gateway = Gateway(app, server, connections, settings, upstream)
        yield gateway
        for caller in gateway.callers:
            caller.http.close()


def events_of(body: str) -> list[Any]:
    """Return the data of each event of a stream, parsed except for `[DONE]`."""
    found = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: ")]
    return [text if text == "[DONE]" else json.loads(text) for text in found]
