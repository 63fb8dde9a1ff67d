"""`weighbridge keys`: create, list and revoke API keys."""

import json
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import click

from service.accounts import AccountStore, ApiKey, Scope, checked_name, checked_text
from service.commands import expiry, key_report
from service.commands.asynchronous import asynchronous

SHOWN_ONCE = "This is the only time the key is shown: keep it as you would a password."
NO_MATCH = "No key matches. `weighbridge keys list` shows the ids of all keys."


class KeyTools(Protocol):
    """What these commands need. It is the click context's object."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """The store, with the newest schema. To call or to enter it may raise
        StoreError, PepperError, DataFolderUnusable."""

    def now(self) -> datetime:
        """The time, in UTC."""


def account_option(context: click.Context, _: click.Parameter, name: str | None) -> str | None:
    """A name that an account can have."""
    try:
        return None if name is None else checked_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def label_option(context: click.Context, _: click.Parameter, label: str) -> str:
    """A label that a key can have."""
    try:
        return checked_text(label, "label")
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def expiry_option(context: click.Context, _: click.Parameter, text: str | None) -> datetime | None:
    """An instant that is still to come."""
    tools: KeyTools = context.obj
    try:
        return None if text is None else expiry.parse(text, tools.now())
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def scopes_option(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> frozenset[Scope]:
    """The scopes named; all of them if none is."""
    return frozenset(Scope(name) for name in names) or frozenset(Scope)


@click.group("keys")
def keys() -> None:
    """Create, list and revoke API keys."""


@keys.command("create")
@click.option("--account", required=True, callback=account_option, help="Account, made if there is none.")
@click.option("--label", default="", callback=label_option, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    callback=scopes_option,
    help="An API that the key may call; may be repeated. Default: all.",
)
@click.option(
    "--expires",
    "expires_at",
    callback=expiry_option,
    help="Days from now, or a date: its first moment in UTC.",
)
@click.option("--calls-per-second", type=click.IntRange(1, 1_000_000), help="The account's limit from now on.")
@click.option("--calls-per-month", type=click.IntRange(1, 10**12), help="The account's quota from now on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@asynchronous
async def create(
    tools: KeyTools,
    account: str,
    label: str,
    scopes: frozenset[Scope],
    expires_at: datetime | None,
    calls_per_second: int | None,
    calls_per_month: int | None,
    as_json: bool,
) -> None:
    """Create a key and print it, once."""
    async with tools.account_store() as store:
        owner = await store.get_or_create_account(account)
        owner = await store.set_allowance(owner.id, calls_per_second, calls_per_month) or owner
        key, secret = await store.create_key(owner, label, scopes, expires_at)
    if as_json:
        click.echo(json.dumps({**key_report.as_json(key, tools.now()), "secret": secret}, indent=2))
        return
    click.echo(f"Key {key.id} of account {owner.name}. {SHOWN_ONCE}", err=True)
    click.echo(secret)


@keys.command("list")
@click.option("--account", callback=account_option, help="Only this account's keys.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@asynchronous
async def list_(tools: KeyTools, account: str | None, as_json: bool) -> None:
    """List keys, without their secrets."""
    async with tools.account_store() as store:
        found = await store.list_keys(account)
    if as_json:
        click.echo(json.dumps([key_report.as_json(key, tools.now()) for key in found], indent=2))
    else:
        key_report.print_table(found, tools.now())


@keys.command("revoke")
@click.argument("key")
@click.pass_obj
@asynchronous
async def revoke(tools: KeyTools, key: str) -> None:
    """Revoke a key for good. KEY is its id, its short form (atms_sk_...wXyZ) or the key itself."""
    async with tools.account_store() as store:
        meant = _only_one(await store.find_keys(key))
        await store.revoke_key(meant.id)
    if meant.revoked_at is not None:
        click.echo(f"Key {meant.id} was revoked before, at {meant.revoked_at.isoformat(' ', 'seconds')}.")
    else:
        click.echo(f"Key {meant.id} of account {meant.account.name} is revoked: refused within 5 seconds.")


def _only_one(found: list[ApiKey]) -> ApiKey:
    """What was given may be a secret, so no message repeats it."""
    if not found:
        raise click.ClickException(NO_MATCH)
    if len(found) > 1:
        ids = ", ".join(key.id for key in found)
        raise click.ClickException(f"That may mean any of {ids}. Give one of these ids.")
    return found[0]
