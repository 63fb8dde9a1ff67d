"""`weighbridge accounts`, `limits` and `db`, on a real store and a real database."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from service.auth.accounts import AccountStore
from service.cli.accounts import accounts
from service.cli.db import db
from service.cli.limits import limits
from service.limits import Allowance
from service.limits.redis_store import AccountLimits
from service.storage.redis import connect
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import Clock
from tests.service.limits.limiters import limiter_on
from tests.service.storage.databases import account_store
from tests.service.store_process import StoreProcess

DEFAULT = Allowance(10, 5000)


class Tools:
    """What the commands are given."""

    def __init__(self, url: DatabaseUrl, counters: str) -> None:
        self.url = url
        self.counters = counters
        self.clock = Clock()

    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self.clock.now()

    def database_url(self) -> DatabaseUrl:
        """Return the URL of the SQLite file."""
        return self.url

    def pepper_in_use(self) -> Path | None:
        """Return None: no key was ever stored."""
        return None

    def default_allowance(self) -> Allowance:
        """Return the default limits of the service."""
        return DEFAULT

    @asynccontextmanager
    async def account_store(self) -> AsyncIterator[AccountStore]:
        """The store of the file."""
        async with account_store(self.url, self.clock) as store:
            yield store

    @asynccontextmanager
    async def counts(self) -> AsyncIterator[AccountLimits]:
        """The counters of the test's store."""
        async with connect(self.counters, socket_timeout_seconds=5) as client:
            yield AccountLimits(client)

    def run(self, command: click.Command, *arguments: str) -> Result:
        """The outcome of a command with these arguments."""
        return CliRunner().invoke(command, arguments, obj=self)

    def account_id(self, name: str) -> str:
        """Return the id of an account from the list."""
        listed = json.loads(self.run(accounts, "list", "--json").stdout)
        return str(next(entry["id"] for entry in listed if entry["account"] == name))

    def shown(self, name: str) -> dict[str, dict[str, int]]:
        """Return the output of `limits show` for an account."""
        told: dict[str, dict[str, int]] = json.loads(self.run(limits, "show", name, "--json").stdout)
        return told


@pytest.fixture
def tools(tmp_path: Path, store: StoreProcess) -> Tools:
    """Commands on a new database and the shared counters."""
    return Tools(DatabaseUrl.of_file(tmp_path / "a.db"), store.url)


def call(url: str, account_id: str, calls: int) -> None:
    """Make so many admitted calls."""

    async def hit() -> None:
        async with limiter_on(url) as limiter:
            for _ in range(calls):
                await limiter.hit(account_id, DEFAULT)

    asyncio.run(hit())


def test_accounts_are_made_listed_and_set(tools: Tools) -> None:
    """An account has the limits that were set last, and the defaults of the service again after --defaults."""
    assert tools.run(accounts, "create", "Ada", "--calls-per-second", "3").exit_code == 0
    assert tools.run(accounts, "create", "Ada").exit_code == 1
    assert "3 calls per second, 700 per month" in tools.run(accounts, "set", "Ada", "--calls-per-month", "700").stdout
    listed = json.loads(tools.run(accounts, "list", "--json").stdout)
    assert [(entry["account"], entry["calls_per_second"], entry["calls_per_month"]) for entry in listed] == [
        ("Ada", 3, 700)
    ]
    assert "default calls per second" in tools.run(accounts, "set", "Ada", "--defaults").stdout
    assert "Ada" in tools.run(accounts, "list").stdout


def test_nothing_to_set_is_an_error_of_use(tools: Tools) -> None:
    """`accounts set` without a limit says what it can set."""
    assert tools.run(accounts, "set", "Ada").exit_code == 2


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(accounts, ("set", "No", "--defaults")), (limits, ("show", "No")), (limits, ("reset", "No"))],
)
def test_an_unknown_account_is_named(tools: Tools, command: click.Command, arguments: tuple[str, ...]) -> None:
    """A command on an account that does not exist ends with one sentence."""
    ended = tools.run(command, *arguments)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: There is no account 'No'.")


def test_limits_are_shown_and_reset(tools: Tools) -> None:
    """`limits show` prints what is used and left without counting a call; after `reset` nothing is used."""
    tools.run(accounts, "create", "Ada", "--calls-per-month", "5")
    call(tools.counters, tools.account_id("Ada"), 3)
    for _ in range(2):
        assert tools.shown("Ada")["per_month"] == {"limit": 5, "used": 3, "remaining": 2}
    assert "calls this month\t3\t5\t2\t" in tools.run(limits, "show", "Ada").stdout
    assert tools.run(limits, "reset", "Ada").exit_code == 0
    assert tools.shown("Ada")["per_month"] == {"limit": 5, "used": 0, "remaining": 5}
    assert tools.shown("Ada")["per_second"] == {"limit": 10, "used": 0, "remaining": 10}


def test_counters_that_are_away_are_one_sentence(tools: Tools) -> None:
    """If the store of counters cannot be reached, the command ends with the reason in one sentence."""
    tools.run(accounts, "create", "Ada")
    tools.counters = "redis://127.0.0.1:1/0"
    ended = tools.run(limits, "show", "Ada")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: The shared counters cannot be reached")


def test_the_schema_is_told_and_upgraded(tools: Tools) -> None:
    """`db status` fails on a database that is not of the newest schema, `db upgrade` makes it so, once."""
    before = tools.run(db, "status")
    assert (before.exit_code, "schema none" in before.stdout) == (1, True)
    assert not Path(str(tools.url.with_driver.database)).exists()
    assert "upgraded from none to schema" in tools.run(db, "upgrade").stdout
    assert "already at schema" in tools.run(db, "upgrade").stdout
    assert tools.run(db, "status").exit_code == 0
