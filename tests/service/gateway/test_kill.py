"""Workers that die at any point of a call: no money is lost, and no caller pays for more than was recorded.

More deaths at each point: GATEWAY_TEST_KILLS=20.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from sqlalchemy import select

from service.auth.accounts import ApiKey
from service.billing.ledger import HoldState
from service.gateway.routes import LEASE_MARGIN_SECONDS
from service.storage.sql.engine import blocking_engine
from service.storage.sql.tables import hold
from service.storage.sql.url import DatabaseUrl
from tests.fake_upstream import FakeUpstream, Script, Stall, plain, said, stream
from tests.promises.figure import Figure
from tests.service.billing.ledgers import Books, faults_in_the_books, opened_books
from tests.service.clocks import Clock
from tests.service.gateway.dying_processes import UPSTREAM_TIMEOUT_SECONDS
from tests.service.gateway.served_gateway import CHAT, HELLO
from tests.service.storage.databases import text_of
from tests.service.storage.kinds import KINDS, databases_of

pytestmark = pytest.mark.anyio
KILLS = int(os.environ.get("GATEWAY_TEST_KILLS", "1"))
WELCOME = 10**9
LEASE = timedelta(seconds=UPSTREAM_TIMEOUT_SECONDS + LEASE_MARGIN_SECONDS)
REPORTED_COST = 25 * 10 + 100 * 20
WRITTEN_COST = 25 * 10 + 100 * 2


class Ending(NamedTuple):
    """How a hold is closed after a death: its state and its charge. Without a state there is no hold."""

    state: HoldState | None
    cost: int = 0


NO_HOLD, FREE, CHARGED = Ending(None), Ending(HoldState.VOID), Ending(HoldState.SETTLED, REPORTED_COST)
# Where a process dies, in the order of a call: before the hold is committed, when it is, while the upstream is at work,
# when its answer or the first text is there, when a checkpoint is written, before the charge, before that is
# committed, and when it is but the caller does not know.
POINTS = {
    "plain-holding": NO_HOLD,
    "plain-held": FREE,
    "plain-asked": FREE,
    "plain-answered": FREE,
    "plain-charging": FREE,
    "plain-settled": CHARGED,
    "stream-held": FREE,
    "stream-opened": FREE,
    "stream-noted": Ending(HoldState.SETTLED, WRITTEN_COST),
    "stream-settling": FREE,
    "stream-charging": FREE,
    "stream-settled": CHARGED,
}


@contextmanager
def dying_gateways(folder: Path, url: DatabaseUrl, upstream: FakeUpstream) -> Iterator[dict[str, int]]:
    """The port of a gateway for each point; at the end all have died."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.service.gateway.dying_processes", str(folder), text_of(url), upstream.url,
         str(KILLS), *POINTS],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        try:
            yield {point: int(process.stdout.readline()) for point in POINTS}
            assert process.wait(timeout=30) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def answers(folder: Path, body: dict[str, Any]) -> Script:
    """Answer a call, whose property `user` is the point of its death."""
    point = body["user"]
    if point == "plain-asked":
        os.kill(int((folder / point).read_text()), signal.SIGKILL)
        return Script([Stall()])
    if point == "stream-noted":
        return Script([*said("Hello", " world"), Stall()])
    return stream("Hello", " world") if body.get("stream") else plain("Hello world")


def died(port: int, point: str, secret: str) -> None:
    """Call a gateway until it was killed so many times."""
    body = {**HELLO, "stream": point.startswith("stream"), "user": point}
    for _ in range(KILLS):
        with httpx2.Client(timeout=60) as client, pytest.raises(httpx2.TransportError):
            client.post(f"http://127.0.0.1:{port}{CHAT}", json=body, headers={"X-API-Key": secret})


def open_leases(url: DatabaseUrl) -> list[datetime]:
    """Return the ends of all open leases."""
    with blocking_engine(url) as engine, engine.connect() as connection:
        return list(connection.scalars(select(hold.c.expires_at).where(hold.c.state == HoldState.OPEN)))


async def check(books: Books, key: ApiKey, point: str) -> None:
    """Check the calls of a key, all of which died at one point."""
    state, cost = POINTS[point]
    calls = await books.statements.calls(key.id, 1000)
    assert len(calls) == (0 if state is None else KILLS), point
    assert all((call.state, call.cost) == (state, cost) and cost <= call.amount for call in calls), point
    charges = [entry for entry in await books.statements.entries(key.account.id) if entry.kind == "charge"]
    assert [entry.amount for entry in charges] == [cost] * (KILLS if state is HoldState.SETTLED else 0), point
    assert len({entry.reference for entry in charges}) == len(charges)
    assert await books.statements.balance(key.account.id) == (WELCOME - cost * len(charges), 0)


@pytest.mark.promise(21)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_killed_worker_loses_no_money(
    upstream: FakeUpstream, tmp_path: Path, kind: str, figure: Figure
) -> None:
    """After kill -9 at any point of a call the books add up; each hold is closed within its lease, at its checkpoint
    or without a charge; no call is charged twice, or beyond its hold."""
    upstream.answer = lambda body: answers(tmp_path, body)
    with databases_of(kind, tmp_path) as databases:
        async with opened_books(databases.empty(), Clock(), WELCOME) as books:
            keys = {
                point: await books.accounts.create_key(await books.accounts.get_or_create_account(point))
                for point in POINTS
            }
            with ThreadPoolExecutor(len(POINTS)) as pool, dying_gateways(tmp_path, books.url, upstream) as ports:
                list(pool.map(lambda point: died(ports[point], point, keys[point][1]), POINTS))
            assert faults_in_the_books(books.url) == []
            assert all(end < datetime.now(UTC) + LEASE for end in open_leases(books.url))
            books.clock.time = datetime.now(UTC) + LEASE
            await books.ledger.sweep(most=10_000)
            assert open_leases(books.url) == []
            assert faults_in_the_books(books.url) == []
            for point, (key, _) in keys.items():
                await check(books, key, point)
    figure(f"{kind}: killed {KILLS} times at each of {len(POINTS)} points")
