"""Promise 19: many processes spend one balance through a served gateway, while somebody looks at its books.

At full size: GATEWAY_TEST_PROCESSES=6 GATEWAY_TEST_CALLS=2000.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.commands import weighbridge
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.fake_upstream import FakeUpstream, fake_upstream, plain, stream
from tests.promises.figure import Figure
from tests.service.billing.ledgers import balances_in_the_books, faults_in_the_books
from tests.service.storage.databases import text_of
from tests.service.storage.kinds import KINDS, databases_of

PROCESSES = int(os.environ.get("GATEWAY_TEST_PROCESSES", "2"))
CALLS = int(os.environ.get("GATEWAY_TEST_CALLS", "80"))
AFFORDABLE = CALLS * 3 // 20
TOKENS = 40
PRICES = (25, 100)


def settings(upstream: FakeUpstream, url: DatabaseUrl) -> dict[str, str]:
    """What an operator sets."""
    return {
        **SETTINGS,
        "PRELOAD_VOCABULARIES": "false",
        "UPSTREAM_URL": upstream.url,
        "UPSTREAM_VOCABULARY": "cl100k_base",
        "CREDIT_WELCOME_INR": "0",
        "DATABASE_URL": text_of(url),
        "LOG_LEVEL": "warning",
    }


def price_of_a_call(server: Server, key: str) -> int:
    """The hold of one call in micro-rupees, which a key without money is told."""
    body = {"model": "cipher", "messages": [{"role": "user", "content": "hello"}], "max_tokens": TOKENS}
    answer = httpx2.post(f"{server.url}/v1/chat/completions", json=body, headers={"X-API-Key": key})
    assert answer.status_code == 402
    return int(Decimal(answer.json()["error"]["needed_inr"]).scaleb(6))


def started(server: Server, key: str) -> list["subprocess.Popen[str]"]:
    """Processes that are ready to spend."""
    share = [CALLS // PROCESSES + (number < CALLS % PROCESSES) for number in range(PROCESSES)]
    words = [sys.executable, "-m", "tests.end_to_end.spending_client", f"{server.url}/v1", key]
    processes = [
        subprocess.Popen([*words, str(calls), str(TOKENS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for calls in share
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    return processes


def observed(processes: Sequence["subprocess.Popen[str]"], url: DatabaseUrl, granted: int) -> tuple[int, list[str]]:
    """Looks at the books until all are done: how many, and what was wrong in any of them."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    looks, faults = 0, []
    while any(process.poll() is None for process in processes):
        looks += 1
        faults += faults_in_the_books(url)
        (books,) = balances_in_the_books(url)
        faults += [] if books.posted + books.charged == granted else [f"{books} is not {granted}"]
    return looks, faults


@pytest.mark.parametrize("kind", KINDS)
def test_promise_19_exactly_what_is_affordable_succeeds(kind: str, tmp_path: Path, figure: Figure) -> None:
    """Of many calls from many processes to as many workers, exactly as many succeed as the credit pays for, all others
    get 402, and at every look at the books the entries add up to the grant."""
    with (
        databases_of(kind, tmp_path) as databases,
        fake_upstream() as upstream,
        running(tmp_path / "data", settings(upstream, url := databases.empty()), "--workers", str(PROCESSES)) as server,
    ):
        key = server.new_key("spender")
        price = price_of_a_call(server, key)
        usage = ((price - TOKENS * PRICES[1]) // PRICES[0], TOKENS)
        upstream.answer = lambda body: (stream if body.get("stream") else plain)("Hello", usage=usage)
        granted = price * AFFORDABLE + price - 1
        weighbridge(server, "credits", "grant", "spender", f"{Decimal(granted).scaleb(-6):f}", "--reason", "test")
        processes = started(server, key)
        looks, faults = observed(processes, url, granted)
        seen = sum((Counter(json.loads(process.communicate()[0])) for process in processes), Counter[str]())
        assert seen == {"paid": AFFORDABLE, "insufficient_credits": CALLS - AFFORDABLE}
        assert faults == []
        assert faults_in_the_books(url) == []
        (books,) = balances_in_the_books(url)
        assert (books.posted, books.held, books.charged) == (price - 1, 0, price * AFFORDABLE)
    figure(
        f"{kind}: {PROCESSES} processes, {PROCESSES} workers, {CALLS} calls, {seen['paid']} paid of "
        f"{AFFORDABLE} affordable, {looks} looks at the books"
    )
