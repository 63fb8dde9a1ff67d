"""`weighbridge keys`: create, list, rotate and revoke API keys."""

import json
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

import click

from service.auth.accounts import AccountStore, ApiKey, KeyScope
from service.billing.money import shown
from service.cli import key_report, options
from service.cli.asynchronous import asynchronous
from service.cli.lazy import LazyGroup

SHOWN_ONCE = "This is the only time the key is shown: keep it as you would a password."
CREDIT_DECIMALS = 6
NO_MATCH = "No key matches. `weighbridge keys list` shows the ids of all keys."


class KeyTools(Protocol):
    """What these commands need. It is the click context's object."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """The store, with the newest schema. To call or to enter it may raise
        StoreError, PepperError, DataFolderUnusable."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def store_name(self) -> str:
        """Where accounts and keys are, as a person may read it."""

    async def announce(self, digest: str) -> None:
        """Tell running services that the key of this digest has changed. Never fails: they
        learn it by themselves within 5 seconds."""


@click.group("keys", cls=LazyGroup)
def keys() -> None:
    """Create, list, rotate and revoke API keys."""


@keys.command("create")
@click.option("--account", required=True, callback=options.account_name, help="Account, made if there is none.")
@click.option("--label", default="", callback=options.label, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in KeyScope]),
    multiple=True,
    callback=options.scopes,
    help="An API that the key may call; may be repeated. Default: all.",
)
@click.option(
    "--expires",
    "expires_at",
    callback=options.instant_to_come,
    help="Days from now, or a date: its first moment in UTC.",
)
@options.calls_per_second
@options.calls_per_month
@options.as_json
@click.pass_obj
@asynchronous
async def create(
    tools: KeyTools,
    account: str,
    label: str,
    scopes: frozenset[KeyScope],
    expires_at: datetime | None,
    calls_per_second: int | None,
    calls_per_month: int | None,
    as_json: bool,
) -> None:
    """Create a key and print it, once.

    An account's first key brings it the welcome credit of the service that runs on the database.
    """
    async with tools.account_store() as store:
        owner = await store.get_or_create_account(account)
        owner = await store.set_allowance(owner.id, calls_per_second, calls_per_month) or owner
        welcome = await store.welcome(owner)
        key, secret = await store.create_key(owner, label, scopes, expires_at)
    if as_json:
        credit = {"welcome_credit_inr": shown(welcome, CREDIT_DECIMALS)} if welcome else {}
        click.echo(json.dumps({**key_report.new_as_json(key, secret, tools.now()), **credit}, indent=2))
        return
    if welcome:
        click.echo(f"Account {owner.name} begins with a credit of INR {shown(welcome, CREDIT_DECIMALS)}.", err=True)
    click.echo(f"Key {key.id} of account {owner.name}. {SHOWN_ONCE}", err=True)
    click.echo(f"It is stored in {tools.store_name()}.", err=True)
    click.echo(secret)


@keys.command("list")
@click.option("--account", callback=options.account_name, help="Only this account's keys.")
@options.as_json
@click.pass_obj
@asynchronous
async def list_(tools: KeyTools, account: str | None, as_json: bool) -> None:
    """List keys, without their secrets."""
    async with tools.account_store() as store:
        found = await store.list_keys(account)
    if as_json:
        click.echo(json.dumps([key_report.as_json(key, tools.now()) for key in found], indent=2))
    else:
        key_report.print_keys(found, tools.now())


@keys.command("revoke")
@click.argument("key")
@click.pass_obj
@asynchronous
async def revoke(tools: KeyTools, key: str) -> None:
    """Revoke a key for good. KEY is its id, its short form (atms_sk_...wXyZ) or the key itself."""
    async with tools.account_store() as store:
        meant = _only_one(await store.find_keys(key))
        revoked = await store.revoke_key(meant.id)
    if revoked is not None:
        await tools.announce(revoked.digest)
    if meant.revoked_at is not None:
        click.echo(f"Key {meant.id} was revoked before, at {meant.revoked_at.isoformat(' ', 'seconds')}.")
    else:
        click.echo(f"Key {meant.id} of account {meant.account.name} is revoked: refused within 5 seconds.")


@keys.command("rotate")
@click.argument("key")
@click.option(
    "--overlap",
    default="1d",
    show_default=True,
    callback=options.duration,
    help="How long the old key still works: 90m, 12h, 7d; 0 ends it now.",
)
@options.as_json
@click.pass_obj
@asynchronous
async def rotate(tools: KeyTools, key: str, overlap: timedelta, as_json: bool) -> None:
    """Make a new key like KEY and print it, once. KEY itself ends after the overlap."""
    async with tools.account_store() as store:
        rotated = await store.rotate_key(_only_one(await store.find_keys(key)).id, overlap)
    if rotated is None:
        raise click.ClickException("That key is revoked or has expired. Make a new one with `weighbridge keys create`.")
    await tools.announce(rotated.old.digest)
    (made, secret), old = rotated.new, rotated.old.key
    if as_json:
        replaced = key_report.as_json(old, tools.now())
        document = {**key_report.new_as_json(made, secret, tools.now()), "replaces": replaced}
        click.echo(json.dumps(document, indent=2))
        return
    ends_at = old.expires_at or tools.now()
    click.echo(f"Key {made.id} of account {made.account.name}. {SHOWN_ONCE}", err=True)
    click.echo(f"Key {old.id} works until {ends_at.isoformat(' ', 'seconds')}.", err=True)
    click.echo(secret)


def _only_one(found: list[ApiKey]) -> ApiKey:
    """What was given may be a secret, so no message repeats it."""
    if not found:
        raise click.ClickException(NO_MATCH)
    if len(found) > 1:
        ids = ", ".join(key.id for key in found)
        raise click.ClickException(f"That may mean any of {ids}. Give one of these ids.")
    return found[0]
