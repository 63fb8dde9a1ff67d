"""`weighbridge keys`: create, list, rotate and revoke, in any database."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.auth.accounts import AccountStore, KeyRefusal, Principal
from service.auth.authenticator import Authenticator
from service.auth.keys import has_valid_checksum, new_secret
from service.auth.pepper import PepperError
from service.cli.keys import keys
from service.storage.errors import StoreUnavailable
from service.storage.sql.tables import api_key
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import START, Clock
from tests.service.storage.databases import PEPPERS, account_store

# The same in every process that collects the tests.
SOME_SECRET = new_secret(lambda characters: "7" * characters)


class Tools:
    """What the commands are given: a SQLite file, or a store that fails."""

    def __init__(self, folder: Path) -> None:
        self.url = DatabaseUrl.of_file(folder / "a.db")
        self.clock = Clock()
        self.failure: Exception | None = None
        self.announced: list[str] = []

    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self.clock.now()

    def store_name(self) -> str:
        """Return the database's name, as commands print it."""
        return self.url.shown

    async def announce(self, digest: str) -> None:
        """Record the announced digest for the test."""
        self.announced.append(digest)

    @asynccontextmanager
    async def account_store(self) -> AsyncIterator[AccountStore]:
        """The store of the file."""
        if self.failure is not None:
            raise self.failure
        async with account_store(self.url, self.clock) as store:
            yield store

    def run(self, *arguments: str) -> Result:
        """The outcome of `weighbridge keys` with these arguments."""
        return CliRunner().invoke(keys, arguments, obj=self)

    def created(self, *arguments: str) -> dict[str, str]:
        """A key made with these arguments, as its JSON says."""
        made: dict[str, str] = json.loads(self.run("create", "--json", *arguments).stdout)
        return made

    def listed(self, *arguments: str) -> list[dict[str, str]]:
        """The keys, as their JSON says."""
        found: list[dict[str, str]] = json.loads(self.run("list", "--json", *arguments).stdout)
        return found


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Commands on a new database."""
    return Tools(tmp_path)


def outcome(tools: Tools, secret: str) -> Principal | KeyRefusal:
    """Return what the service's authenticator answers for a key."""

    async def ask() -> Principal | KeyRefusal:
        async with account_store(tools.url, tools.clock) as store:
            return await Authenticator(store, PEPPERS, tools.now).authenticate(secret)

    return asyncio.run(ask())


def test_the_secret_alone_is_on_standard_output(tools: Tools) -> None:
    """`KEY=$(… keys create …)` gets a working key; the note that it is shown once goes to standard error."""
    made = tools.run("create", "--account", "Ada")
    assert made.exit_code == 0
    assert has_valid_checksum(made.stdout.removesuffix("\n"))
    assert isinstance(outcome(tools, made.stdout.strip()), Principal)
    assert "not shown again" in made.stderr
    assert f"stored in {tools.url.shown}" in made.stderr
    assert made.stdout.strip() not in made.stderr


def test_created_json_has_all_of_a_key(tools: Tools) -> None:
    """With --json the one document has the key as `key`, and every field, the times in ISO 8601."""
    options = ("--label", "Büro", "--scope", "tokens", "--expires", "30", "--calls-per-second", "5")
    made = tools.created("--account", " Ada ", *options, "--calls-per-month", "700")
    secret = made.pop("key")
    assert made.pop("secret") == secret
    assert re.fullmatch("atms_sk_[0-9A-Za-z]{38}", secret)
    assert re.fullmatch("key_[0-9A-Za-z]{16}", made.pop("id"))
    assert made == {
        "account": "Ada",
        "label": "Büro",
        "masked_key": f"atms_sk_...{secret[-4:]}",
        "scopes": ["tokens"],
        "status": "active",
        "created_at": START.isoformat(),
        "expires_at": (START + timedelta(days=30)).isoformat(),
        "revoked_at": None,
        "last_used_at": None,
        "calls_per_second": 5,
        "calls_per_month": 700,
    }


def test_keys_of_one_name_share_an_account(tools: Tools) -> None:
    """A second key of a name belongs to the same account and leaves its limits as they are."""
    tools.created("--account", "Ada", "--calls-per-second", "5")
    tools.created("--account", "Ada")
    found = [outcome(tools, tools.created("--account", "Ada")["secret"]) for _ in range(2)]
    accounts = {(who.account_id, who.calls_per_second) for who in found if isinstance(who, Principal)}
    assert len(accounts) == 1
    assert accounts.pop()[1] == 5


def test_a_date_is_its_first_moment_in_utc(tools: Tools) -> None:
    """A key that expires on a date works until that day begins in UTC."""
    made = tools.created("--account", "Ada", "--expires", "2026-03-01")
    assert made["expires_at"] == "2026-03-01T00:00:00+00:00"
    assert isinstance(outcome(tools, made["secret"]), Principal)
    tools.clock.time = datetime(2026, 3, 1, tzinfo=UTC)
    assert outcome(tools, made["secret"]) is KeyRefusal.EXPIRED


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--account", " "),
        ("--account", "a\nb"),
        ("--account", "Ada", "--label", "x" * 201),
        ("--account", "Ada", "--scope", "billing"),
        ("--account", "Ada", "--expires", "0"),
        ("--account", "Ada", "--expires", "-1"),
        ("--account", "Ada", "--expires", "soon"),
        ("--account", "Ada", "--expires", "2026-02-28"),
        ("--account", "Ada", "--expires", "2026-02-30"),
        ("--account", "Ada", "--expires", "9" * 30),
        ("--account", "Ada", "--expires", "\u0663"),
        ("--account", "Ada", "--calls-per-second", "0"),
        ("--account", "Ada", "--calls-per-month", "1.5"),
    ],
)
def test_wrong_options_end_with_status_2(tools: Tools, options: tuple[str, ...]) -> None:
    """An invalid option is reported, and nothing is created."""
    made = tools.run("create", *options)
    assert made.exit_code == 2
    assert "Error:" in made.stderr
    assert made.stdout == ""
    assert tools.listed() == []


def test_a_list_shows_no_secret(tools: Tools) -> None:
    """Neither the table nor the JSON has more of a key than its short form; one account's list is its own."""
    made = tools.created("--account", "Ada", "--label", "[red]x[/red]")
    tools.created("--account", "Bob")
    table = tools.run("list").stdout
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    assert [row[1] for row in rows] == ["Ada", "Bob"]
    assert rows[0][:5] == [made["id"], "Ada", "[red]x[/red]", "active", made["masked_key"]]
    assert [key["id"] for key in tools.listed("--account", "Ada")] == [made["id"]]
    for shown in (table, tools.run("list", "--json").stdout):
        assert made["secret"][8:-4] not in shown


def test_an_empty_list_is_no_error(tools: Tools) -> None:
    """With no keys the table is empty, and so is the JSON list."""
    assert tools.run("list").exit_code == 0
    assert tools.listed() == []


@pytest.mark.parametrize("handle", ["id", "masked_key", "key"])
def test_a_revoked_key_is_refused(tools: Tools, handle: str) -> None:
    """A key is revoked by its id, its short form or itself, and its secret is not repeated."""
    made = tools.created("--account", "Ada")
    revoked = tools.run("revoke", made[handle])
    assert revoked.exit_code == 0
    assert made["id"] in revoked.output
    assert made["secret"] not in revoked.output
    assert tools.announced == [PEPPERS.newest.digest(made["secret"])]
    assert outcome(tools, made["secret"]) is KeyRefusal.REVOKED
    assert [key["status"] for key in tools.listed()] == ["revoked"]


def test_a_second_revocation_changes_nothing(tools: Tools) -> None:
    """Revoking again succeeds and prints the time of the first revocation."""
    made = tools.created("--account", "Ada")
    tools.run("revoke", made["id"])
    tools.clock.advance(3600)
    again = tools.run("revoke", made["id"])
    assert again.exit_code == 0
    assert START.isoformat(" ", "seconds") in again.output
    assert tools.listed()[0]["revoked_at"] == START.isoformat()


@pytest.mark.parametrize("reference", ["key_none", "atms_sk_...none", SOME_SECRET, SOME_SECRET[:-1]])
def test_an_unknown_key_is_told_without_repeating_it(tools: Tools, reference: str) -> None:
    """The argument may be a secret with a typing error, so the error sentence does not repeat it."""
    revoked = tools.run("revoke", reference)
    assert revoked.exit_code == 1
    assert revoked.stderr.startswith("Error: No key matches.")
    assert reference not in revoked.output


def test_a_short_form_of_several_keys_revokes_none(tools: Tools) -> None:
    """If two keys match a short form, their ids are printed, and neither is changed."""

    made = [tools.created("--account", "Ada") for _ in range(2)]

    async def make_alike() -> None:
        async with account_store(tools.url, tools.clock) as store, store.database.writing() as connection:
            await connection.execute(api_key.update().values(last_four="same"))

    asyncio.run(make_alike())
    revoked = tools.run("revoke", "atms_sk_...same")
    assert revoked.exit_code == 1
    assert all(key["id"] in revoked.stderr for key in made)
    assert [key["status"] for key in tools.listed()] == ["active", "active"]


@pytest.mark.parametrize(
    "arguments", [("create", "--account", "Ada"), ("list",), ("revoke", "key_none"), ("rotate", "key_none")]
)
@pytest.mark.parametrize(
    "failure",
    [StoreUnavailable("postgresql://h/d", "connection refused."), PepperError("the pepper setting", "it is empty")],
)
def test_a_broken_store_is_one_sentence(tools: Tools, arguments: tuple[str, ...], failure: Exception) -> None:
    """Any command whose store cannot be used ends with status 1 and the reason, without a traceback."""
    tools.failure = failure
    ended = tools.run(*arguments)
    assert ended.exit_code == 1
    assert ended.stderr == f"Error: {failure}\n"
    assert ended.stdout == ""


def test_a_rotated_key_works_until_the_overlap_ends(tools: Tools) -> None:
    """Rotation makes a key of the same account, label and scopes; the old one works for the overlap and then ends."""
    old = tools.created("--account", "Ada", "--label", "build", "--scope", "tokens")
    new = json.loads(tools.run("rotate", old["id"], "--overlap", "12h", "--json").stdout)
    assert {name: new[name] for name in ("account", "label", "scopes", "expires_at")} == {
        name: old[name] for name in ("account", "label", "scopes", "expires_at")
    }
    assert (new["replaces"]["id"], tools.announced) == (old["id"], [PEPPERS.newest.digest(old["secret"])])
    assert isinstance(outcome(tools, old["secret"]), Principal)
    assert isinstance(outcome(tools, new["secret"]), Principal)
    tools.clock.advance(12 * 3600)
    assert outcome(tools, old["secret"]) is KeyRefusal.EXPIRED
    assert isinstance(outcome(tools, new["secret"]), Principal)


def test_rotation_without_overlap_ends_the_old_key_now(tools: Tools) -> None:
    """With an overlap of 0 the old key is refused immediately; only the new secret is on standard output."""
    old = tools.created("--account", "Ada")
    rotated = tools.run("rotate", old["secret"], "--overlap", "0")
    assert old["secret"] not in rotated.output
    assert outcome(tools, old["secret"]) is KeyRefusal.EXPIRED
    assert isinstance(outcome(tools, rotated.stdout.strip()), Principal)


def test_a_key_with_an_end_is_followed_by_one_that_lives_as_long(tools: Tools) -> None:
    """A key made for 30 days that is rotated after 10 is followed by one for 30 days; its own end comes no later."""
    old = tools.created("--account", "Ada", "--expires", "30")
    tools.clock.advance(10 * 86400)
    new = json.loads(tools.run("rotate", old["id"], "--overlap", "90d", "--json").stdout)
    assert new["expires_at"] == (START + timedelta(days=40)).isoformat()
    assert new["replaces"]["expires_at"] == old["expires_at"]


def test_a_key_that_is_over_is_not_rotated(tools: Tools) -> None:
    """A revoked key cannot be rotated: this is reported, and no key is created."""
    old = tools.created("--account", "Ada")
    tools.run("revoke", old["id"])
    ended = tools.run("rotate", old["id"])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "revoked or has expired" in ended.stderr
    assert len(tools.listed()) == 1


@pytest.mark.parametrize("overlap", ["1", "1w", "-1d", "soon", "12345d", "1.5h"])
def test_an_overlap_that_is_no_time(tools: Tools, overlap: str) -> None:
    """An overlap that is no duration is reported, and changes nothing."""
    old = tools.created("--account", "Ada")
    assert tools.run("rotate", old["id"], "--overlap", overlap).exit_code == 2
    assert len(tools.listed()) == 1
