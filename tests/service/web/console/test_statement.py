"""The statement of an account with very many entries: it is sent in parts, and other calls go on meanwhile.

`STATEMENT_TEST_ENTRIES` sets how many entries there are.
"""

import asyncio
import csv
import io
import os
import socket
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import insert
from starlette.types import Message

from pricing_data import PriceBook
from service.app import create_app
from service.auth.passwords import Passwords
from service.connections import Addresses, Connections
from service.http.responses import StreamedReply
from service.runtime.clock import utc_now
from service.runtime.settings_loading import load
from service.storage.sql.engine import blocking_engine
from service.storage.sql.migrate import upgrade
from service.storage.sql.tables import entry
from service.storage.sql.url import DatabaseUrl
from service.web.console.statement import CSV_ROWS
from tests.eventually import eventually, eventually_async
from tests.promises.figure import Figure
from tests.served import Served, served
from tests.service.gateway.served_gateway import NO_REDIS
from tests.service.storage.databases import PEPPERS
from tokenizer_registry import Registry

ENTRIES = int(os.environ.get("STATEMENT_TEST_ENTRIES", "10000"))
IS_TIMED = "PROMISES_TIMED" in os.environ
MAX_HOLD_SECONDS = 0.1
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
CSV = "/console/statement.csv"
OURS = {"Sec-Fetch-Site": "same-origin"}


class LongAccount:
    """A served application with an account of very many entries, and the cookie of its user."""

    def __init__(self, server: Served, connections: Connections, account_id: str) -> None:
        self.server = server
        self.connections = connections
        self.account_id = account_id
        form = {"email": EMAIL, "password": PASSWORD}
        answer = httpx2.post(f"{server.url}/console/sign-in", data=form, headers=OURS)
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]


@pytest.fixture(scope="module")
def long_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongAccount]:
    """Yield one long account for all tests of this file."""
    folder: Path = tmp_path_factory.mktemp("statement")
    url = DatabaseUrl.of_file(folder / "a.db")
    upgrade(url)
    connections = Connections(Addresses(NO_REDIS, url, PEPPERS), limits_without_redis="local")
    app = create_app(load({}).settings, connections, Registry.from_package(), PriceBook.from_package())

    async def prepared() -> str:
        account = await connections.accounts.get_or_create_account("Ada")
        keys = [(await connections.accounts.create_key(account, label)).key.id for label in ("=gate", "")]
        password_hash = await Passwords(PasswordHasher(1, 8, 1)).hash(PASSWORD)
        await connections.users.create_user(EMAIL, account.id, password_hash)
        await asyncio.to_thread(write_entries, url, account.id, keys)
        return account.id

    with served(app) as server:
        yield LongAccount(server, connections, server.run(prepared()))


def write_entries(url: DatabaseUrl, account_id: str, keys: list[str]) -> None:
    """Write very many charges, and a grant at the end."""
    now = utc_now() - timedelta(days=1)
    with blocking_engine(url) as engine, engine.begin() as connection:
        rows = [row(number, now, account_id, keys[number % 2]) for number in range(ENTRIES - 1)]
        connection.execute(insert(entry), rows)
        grant = {"kind": "grant", "key_id": None, "debit": "house", "credit": "customer", "reason": "@paid,\nin"}
        connection.execute(insert(entry), [{**row(ENTRIES, now, account_id, keys[0]), **grant}])


def row(number: int, at: datetime, account_id: str, key_id: str) -> dict[str, Any]:
    """Return the row of a charge, as the table `entry` has it."""
    return {
        "at": at, "kind": "charge", "reference": f"{number:032x}", "account_id": account_id, "key_id": key_id,
        "debit": "customer", "credit": "revenue", "amount": number, "reason": "",
    }  # fmt: skip


@pytest.mark.timed
@pytest.mark.promise(33)
def test_a_long_statement_is_sent_in_parts_and_holds_nobody_up(long_account: LongAccount, figure: Figure) -> None:
    """The CSV has every entry, as a plain loop over the ledger reads them, and never blocks the event loop for long."""
    server = long_account.server
    watch = server.run(watching())
    answer = httpx2.get(f"{server.url}{CSV}", headers={"Cookie": long_account.cookie}, timeout=600)
    held_seconds = server.run(stopped(watch))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert list(csv.DictReader(io.StringIO(answer.text))) == server.run(expected(long_account))
    assert held_seconds < MAX_HOLD_SECONDS or not IS_TIMED
    figure(f"{ENTRIES} entries as CSV, the event loop held for {held_seconds * 1000:.0f} ms at most")


async def expected(long_account: LongAccount) -> list[dict[str, str]]:
    """Return the rows of the CSV, from a plain loop over all entries."""
    found = await long_account.connections.statements.entries(long_account.account_id)
    keys = {key.id: key for key in await long_account.connections.accounts.list_keys()}
    rows = []
    for one in reversed(found):
        name = (keys[one.key_id].label or keys[one.key_id].shown) if one.key_id else ""
        amount = Decimal(one.amount if one.credit == "customer" else -one.amount) / 1_000_000
        rows.append(
            {
                "id": str(one.id),
                "at": one.at.isoformat(),
                "kind": one.kind,
                "amount_inr": f"{amount + 0:.6f}",
                "key_id": one.key_id or "",
                "key_name": name.replace("=gate", "'=gate"),
                "reference": one.reference,
                "reason": one.reason.replace("@paid", "'@paid"),
            }
        )
    return rows


async def watching() -> "asyncio.Task[float]":
    """Start a task that measures the longest time for which the event loop is blocked."""

    async def watch() -> float:
        longest = 0.0
        try:
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - before - 0.001)
        except asyncio.CancelledError:
            return longest

    return asyncio.create_task(watch())


async def stopped(watch: "asyncio.Task[float]") -> float:
    """Stop a watch, and return what it measured."""
    watch.cancel()
    return await watch


def test_head_has_no_body(long_account: LongAccount) -> None:
    """HEAD is answered like GET, and reads no more than one part."""
    answer = httpx2.head(f"{long_account.server.url}{CSV}", headers={"Cookie": long_account.cookie})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.skipif(ENTRIES < 4 * CSV_ROWS, reason="needs several parts")
def test_a_client_that_hangs_up_ends_it(long_account: LongAccount) -> None:
    """After a client that does not read has hung up, no task of its request is left."""
    server = long_account.server
    before = server.run(tasks())
    with closing(socket.create_connection(("127.0.0.1", server.port))) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET {CSV} HTTP/1.1\r\nHost: a\r\nCookie: {long_account.cookie}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    eventually(lambda: server.run(tasks()) <= before, within=30)


async def tasks() -> int:
    """Return the number of tasks besides this one."""
    return len(asyncio.all_tasks())


@pytest.mark.anyio
async def test_parts_are_made_as_they_are_read() -> None:
    """The next part is made only after one was read, and none after a disconnect."""
    made: list[int] = []
    taken, gone = asyncio.Semaphore(0), asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        for number in range(100):
            made.append(number)
            yield b"x"

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await taken.acquire()

    sending = asyncio.create_task(StreamedReply(200, pieces())({"method": "GET", "path": "/"}, receive, send))
    for number in range(1, 4):
        taken.release()
        await eventually_async(lambda: len(made) > number, within=5)  # noqa: B023  it is awaited here
        assert made == list(range(number + 1))
    gone.set()
    await asyncio.sleep(0)
    taken.release()
    await asyncio.wait_for(sending, 5)
    assert len(made) <= 6
