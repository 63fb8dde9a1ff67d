"""Several processes spend one balance. More calls: LEDGER_TEST_CALLS=2000."""

import os
import subprocess
import sys

import pytest

from service.storage.sql.url import DatabaseUrl
from tests.promises.figure import Figure
from tests.service.billing.ledgers import faults_in_the_books, opened_books
from tests.service.clocks import Clock
from tests.service.storage.databases import Databases, text_of

pytestmark = pytest.mark.anyio
PROCESSES = int(os.environ.get("LEDGER_TEST_PROCESSES", "3"))
CALLS = int(os.environ.get("LEDGER_TEST_CALLS", "40"))
COST = 7


def started(url: DatabaseUrl, *words: str) -> "subprocess.Popen[str]":
    """Start a process that will spend as soon as a line is written to it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.service.billing.spending_process", text_of(url), *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.promise(19)
async def test_racing_processes_spend_exactly_what_is_there(databases: Databases, clock: Clock, figure: Figure) -> None:
    """With a balance for N calls, concurrent processes make exactly N together, and no reader sees it overspent."""
    url = databases.empty()
    async with opened_books(url, clock, COST * CALLS + COST - 1) as books:
        words = (books.account.id, books.key.id, str(COST), str(COST))
        processes = [started(url, *words, f"p{number}") for number in range(PROCESSES)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        seen: list[str] = []
        looks = 0
        while any(process.poll() is None for process in processes):
            seen += faults_in_the_books(url)
            looks += 1
        paid = [int(process.communicate()[0]) for process in processes]
        assert seen == []
        assert sum(paid) == CALLS
        assert await books.statements.balance(books.account.id) == (COST - 1, 0)
        assert faults_in_the_books(url) == []
    kind = url.with_driver.get_backend_name()
    figure(f"{kind}: {PROCESSES} processes paid {CALLS} times with credit for {CALLS}, {looks} looks at the books")
