"""`weighbridge credits`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.auth.accounts import AccountStore
from service.billing.ledger import Books, Charge
from service.billing.money import Tokens
from service.cli.credits import credits_
from service.storage.errors import StoreUnavailable
from service.storage.sql.url import DatabaseUrl
from tests.service.billing import ledgers
from tests.service.billing.ledgers import opened_books
from tests.service.clocks import Clock
from tests.service.storage.databases import account_store

WELCOME = 10_000_000


class Tools:
    """What the commands are given: a SQLite file, or a store that fails."""

    def __init__(self, folder: Path) -> None:
        self.url = DatabaseUrl.of_file(folder / "a.db")
        self.clock = Clock()
        self.failure: Exception | None = None

    @asynccontextmanager
    async def account_store(self) -> AsyncIterator[AccountStore]:
        """The accounts of the file."""
        async with account_store(self.url, self.clock) as store:
            yield store

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Books]:
        """The credit of the file."""
        if self.failure is not None:
            raise self.failure
        async with self.books() as opened:
            yield opened.statements

    @asynccontextmanager
    async def books(self) -> AsyncIterator[ledgers.Books]:
        """Everything about money in the file; its account is called `payer`."""
        async with opened_books(self.url, self.clock, WELCOME) as opened:
            yield opened

    def run(self, *arguments: str) -> Result:
        """The outcome of `weighbridge credits` with these arguments."""
        return CliRunner().invoke(credits_, arguments, obj=self)


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Commands on a new database, in which `payer` has ten rupees and was charged for one call."""
    made = Tools(tmp_path)

    async def spend() -> None:
        async with made.books() as books:
            wanted = books.new_hold(5000)
            await books.ledger.hold(wanted)
            await books.ledger.settle(wanted.id, Charge(Tokens(10, 20), 2250, "completed"))

    asyncio.run(spend())
    return made


def test_credit_is_granted_and_shown(tools: Tools) -> None:
    """A grant is recorded with its reason; balance and statement show it to the micro-rupee."""
    granted = tools.run("grant", "payer", "0.500001", "--reason", "[sorry]")
    assert granted.output == "INR 0.500001 granted to payer: the balance is INR 10.497751.\n"
    (shown,) = json.loads(tools.run("show", "payer", "--json").stdout)
    assert (shown["balance_inr"], shown["held_inr"], shown["available_inr"]) == ("10.497751", "0.000000", "10.497751")
    lines = json.loads(tools.run("statement", "payer", "--json").stdout)
    assert [(line["kind"], line["change_inr"], line["sum_inr"], line["reason"]) for line in lines] == [
        ("welcome", "10.000000", "10.000000", "welcome credit"),
        ("charge", "-0.002250", "9.997750", "completed"),
        ("grant", "0.500001", "10.497751", "[sorry]"),
    ]
    assert "10.497751" in tools.run("show").stdout
    assert "[sorry]" in tools.run("statement", "payer").stdout


def test_the_statement_of_a_key(tools: Tools) -> None:
    """A key's statement has its charges alone."""

    async def key_id() -> str:
        async with tools.account_store() as store:
            return (await store.list_keys("payer"))[0].id

    (line,) = json.loads(tools.run("statement", asyncio.run(key_id()), "--json").stdout)
    assert (line["kind"], line["change_inr"]) == ("charge", "-0.002250")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("grant", "nobody", "5"), "There is no account 'nobody'."),
        (("grant", "payer", "0"), "'0' is not a positive amount in rupees."),
        (("grant", "payer", "ten"), "'ten' is not an amount in rupees."),
        (("show", "nobody"), "There is no account 'nobody'."),
        (("statement", "nobody"), "This is neither an account nor exactly one key."),
    ],
)
def test_commands_that_cannot_be(tools: Tools, words: tuple[str, ...], complaint: str) -> None:
    """An unknown account or key, or an invalid amount, is reported in one sentence, and nothing is paid in."""
    failed = tools.run(*words)
    assert failed.exit_code in (1, 2)
    assert complaint in failed.output
    assert "9.997750" in tools.run("show").stdout


def test_a_store_that_is_away(tools: Tools) -> None:
    """An unreachable database is reported in one sentence."""
    tools.failure = StoreUnavailable("postgresql://host", "connection refused.")
    failed = tools.run("show")
    assert (failed.exit_code, failed.output) == (
        1, "Error: The store postgresql://host cannot be used: connection refused.\n"
    )  # fmt: skip
