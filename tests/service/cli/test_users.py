"""`weighbridge users`, and the store of users on both kinds of database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.auth.accounts import AccountStore
from service.auth.passwords import Passwords
from service.auth.sql_users import SqlUserStore
from service.auth.users import User, UserStore
from service.cli.users import users
from service.storage.sql.engine import Database
from service.storage.sql.migrate import upgrade
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import Clock
from tests.service.storage.databases import account_store

PASSWORD = "correct horse battery"


class Tools:
    """What the commands are given."""

    def __init__(self, url: DatabaseUrl) -> None:
        self.url = url
        self.clock = Clock()

    @asynccontextmanager
    async def account_store(self) -> AsyncIterator[AccountStore]:
        """The accounts of the file."""
        async with account_store(self.url, self.clock) as store:
            yield store

    @asynccontextmanager
    async def user_store(self) -> AsyncIterator[UserStore]:
        """The users of the file."""
        upgrade(self.url)
        database = Database(self.url)
        try:
            yield SqlUserStore(database, self.clock.now)
        finally:
            await database.close()

    def run(self, *arguments: str, typed: str = "") -> Result:
        """The outcome of `weighbridge users` with these arguments and what is typed."""
        return CliRunner().invoke(users, arguments, obj=self, input=typed)

    def found(self, email: str) -> User | None:
        """The user of an e-mail."""

        async def find() -> User | None:
            async with self.user_store() as store:
                return await store.find_by_email(email)

        return asyncio.run(find())


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Commands on a new database."""
    return Tools(DatabaseUrl.of_file(tmp_path / "a.db"))


def accepts(user: User | None, password: str) -> bool:
    """Whether it is the user's password."""
    assert user is not None
    return asyncio.run(Passwords().verify(user.password_hash, password))


def test_a_user_is_made_and_gets_another_password(tools: Tools) -> None:
    """The typed password is the user's, is shown nowhere, and is replaced by the next, with a new generation."""
    made = tools.run("create", "Ada@Example.org", "--account", "Ada", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    before = tools.found("ada@example.org")
    assert accepts(before, PASSWORD)
    changed = tools.run("passwd", "ada@example.org", "--password-stdin", typed="another password\n")
    after = tools.found("ada@example.org")
    assert accepts(after, "another password")
    assert not accepts(after, PASSWORD)
    assert before is not None
    assert after is not None
    assert (before.generation, after.generation) == (1, 2)
    listed = tools.run("list")
    assert "ada@example.org" in listed.output
    assert PASSWORD not in made.output + changed.output + listed.output + repr(before)
    assert "argon2id" not in listed.output


def test_what_cannot_be_done_is_told(tools: Tools) -> None:
    """A second user of an e-mail, an unknown user, a short password and a wrong e-mail end with one sentence."""
    typed = f"{PASSWORD}\n"
    options = ("--account", "Ada", "--password-stdin")
    assert tools.run("create", "ada@example.org", *options, typed=typed).exit_code == 0
    assert "already" in tools.run("create", "ada@example.org", *options, typed=typed).stderr
    assert "no user" in tools.run("passwd", "eve@example.org", "--password-stdin", typed=typed).stderr
    assert "no user" in tools.run("delete", "eve@example.org").stderr
    assert "12 to 1024" in tools.run("create", "bob@example.org", *options, typed="short\n").stderr
    assert tools.run("create", "bob", *options, typed=typed).exit_code == 2
    assert tools.run("delete", "ada@example.org").exit_code == 0
    assert tools.found("ada@example.org") is None
