"""A worker that dies at the worst moment: no money is lost, and nobody pays for more than was noted."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from service.gateway.ledger import HoldState
from service.stores.sql.url import DatabaseUrl
from tests.fake_upstream import FakeUpstream, Script, Stall, plain, said, stream
from tests.service.clocks import Clock
from tests.service.gateway.served_gateway import CHAT, HELLO
from tests.service.stores.ledgers import faults_in_the_books, opened_books

pytestmark = pytest.mark.anyio
WELCOME = 10**8
TEN_YEARS_SECONDS = 10 * 365 * 86_400
# Where a process dies: whether the call is a stream, and how its hold is closed afterwards.
POINTS: dict[str, tuple[bool, HoldState, int]] = {
    "held": (False, HoldState.VOID, 0),
    "answered": (False, HoldState.VOID, 0),
    "settled": (False, HoldState.SETTLED, 2250),
    "opened": (True, HoldState.VOID, 0),
    "noted": (True, HoldState.SETTLED, 25 * 10 + 100 * 2),
}


class Doomed(NamedTuple):
    """A gateway that will die."""

    port: int
    url: DatabaseUrl


@pytest.fixture(scope="module")
def doomed(running_upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Doomed]]:
    """One for each point."""
    folder: Path = tmp_path_factory.mktemp("kill")
    words = [f"{point}=sqlite:///{folder}/{point}.db" for point in POINTS]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.service.gateway.dying_processes", running_upstream.url, *words],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        ports = [int(process.stdout.readline()) for _ in POINTS]
        yield {
            point: Doomed(port, DatabaseUrl.of_file(folder / f"{point}.db"))
            for point, port in zip(POINTS, ports, strict=True)
        }
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("point", POINTS)
async def test_promise_21_a_killed_worker_loses_no_money(
    doomed: dict[str, Doomed], upstream: FakeUpstream, clock: Clock, point: str
) -> None:
    """After kill -9 the books add up; the hold is closed within its time, at its checkpoint or without a charge."""
    streamed, state, cost = POINTS[point]
    port, url = doomed[point]
    whole = stream("Hello", " world") if point != "noted" else Script([*said("Hello", " world"), Stall()])
    upstream.answer = lambda _: whole if streamed else plain("Hello world")
    async with opened_books(url, clock, WELCOME) as books:
        _, secret = await books.accounts.create_key(books.account)
        async with httpx2.AsyncClient(timeout=30) as client:
            body = {**HELLO, "stream": streamed}
            with pytest.raises(httpx2.TransportError):
                await client.post(f"http://127.0.0.1:{port}{CHAT}", json=body, headers={"X-API-Key": secret})
        assert faults_in_the_books(url) == []
        clock.advance(TEN_YEARS_SECONDS)
        await books.ledger.sweep()
        entries = await books.statements.entries(books.account.id)
        (call,) = [one for key in await books.accounts.list_keys() for one in await books.statements.calls(key.id, 9)]
        assert (call.state, call.cost) == (state, cost)
        assert await books.statements.balance(books.account.id) == (WELCOME - cost, 0)
        assert sum(entry.amount for entry in entries if entry.kind == "charge") == cost
        assert faults_in_the_books(url) == []
