"""`weighbridge keys`: create, list, rotate and revoke API keys."""

import json
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

import click

from service.auth.accounts import AccountStore, ApiKey, KeyRefusal, KeyScope
from service.billing.money import shown
from service.cli.lazy import LazyGroup
from service.cli.store_commands import (
    account_name,
    asynchronous,
    calls_per_month_option,
    calls_per_second_option,
    duration,
    future_instant,
    json_option,
    key_label,
    key_scopes,
)
from service.cli.table import Column, print_table

SHOWN_ONCE = "Store it now: the key is not shown again."
CREDIT_DECIMALS = 6
NO_MATCH = "No key matches. `weighbridge keys list` shows the ids of all keys."
COLUMNS = (
    Column("Id", "name"),
    *map(Column, ("Account", "Label", "Status", "Key", "Expires", "Last used", "Scopes", "Created")),
)


class KeyTools(Protocol):
    """What these commands need: the object of the click context."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """Return the store, with the newest schema.

        Calling and entering it raise StoreError, PepperError or DataFolderUnusable.
        """

    def now(self) -> datetime:
        """Return the current time, in UTC."""

    def store_name(self) -> str:
        """Return the database of accounts and keys, in words."""

    async def announce(self, digest: str) -> None:
        """Publish to running services that the key of this digest has changed.

        Never fails: without it they notice the change within 5 seconds.
        """


@click.group("keys", cls=LazyGroup)
def keys() -> None:
    """Create, list, rotate and revoke API keys."""


@keys.command("create")
@click.option("--account", required=True, callback=account_name, help="Account; created if it does not exist.")
@click.option("--label", default="", callback=key_label, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in KeyScope]),
    multiple=True,
    callback=key_scopes,
    help="API that the key may call; may be repeated (default: all).",
)
@click.option(
    "--expires",
    "expires_at",
    callback=future_instant,
    help="Expiry: days from now, or a date (00:00 UTC).",
)
@calls_per_second_option
@calls_per_month_option
@json_option
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

    With its first key an account receives the welcome credit of the service that runs on the database.
    """
    async with tools.account_store() as store:
        owner = await store.get_or_create_account(account)
        owner = await store.set_allowance(owner.id, calls_per_second, calls_per_month) or owner
        welcome = await store.welcome(owner)
        key, secret = await store.create_key(owner, label, scopes, expires_at)
    if as_json:
        credit = {"welcome_credit_inr": shown(welcome, CREDIT_DECIMALS)} if welcome else {}
        click.echo(json.dumps({**_new_entry(key, secret, tools.now()), **credit}, indent=2))
        return
    if welcome:
        click.echo(f"Account {owner.name} starts with a credit of INR {shown(welcome, CREDIT_DECIMALS)}.", err=True)
    click.echo(f"Key {key.id} of account {owner.name}. {SHOWN_ONCE}", err=True)
    click.echo(f"It is stored in {tools.store_name()}.", err=True)
    click.echo(secret)


@keys.command("list")
@click.option("--account", callback=account_name, help="List only this account's keys.")
@json_option
@click.pass_obj
@asynchronous
async def list_(tools: KeyTools, account: str | None, as_json: bool) -> None:
    """List keys, without their secrets."""
    async with tools.account_store() as store:
        found = await store.list_keys(account)
    if as_json:
        click.echo(json.dumps([_entry(key, tools.now()) for key in found], indent=2))
    else:
        _print_keys(found, tools.now())


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
        click.echo(f"Key {meant.id} was already revoked at {meant.revoked_at.isoformat(' ', 'seconds')}.")
    else:
        click.echo(f"Key {meant.id} of account {meant.account.name} is revoked; services refuse it within 5 seconds.")


@keys.command("rotate")
@click.argument("key")
@click.option(
    "--overlap",
    default="1d",
    show_default=True,
    callback=duration,
    help="How long the old key keeps working: 90m, 12h, 7d; 0 expires it now.",
)
@json_option
@click.pass_obj
@asynchronous
async def rotate(tools: KeyTools, key: str, overlap: timedelta, as_json: bool) -> None:
    """Replace KEY with a new key and print it, once.

    The new key has the same account, label and scopes. KEY stops working after the overlap.
    """
    async with tools.account_store() as store:
        rotated = await store.rotate_key(_only_one(await store.find_keys(key)).id, overlap)
    if rotated is None:
        raise click.ClickException(
            "That key is revoked or has expired. Create a new one with `weighbridge keys create`."
        )
    await tools.announce(rotated.old.digest)
    (made, secret), old = rotated.new, rotated.old.key
    if as_json:
        replaced = _entry(old, tools.now())
        document = {**_new_entry(made, secret, tools.now()), "replaces": replaced}
        click.echo(json.dumps(document, indent=2))
        return
    ends_at = old.expires_at or tools.now()
    click.echo(f"Key {made.id} of account {made.account.name}. {SHOWN_ONCE}", err=True)
    click.echo(f"Key {old.id} works until {ends_at.isoformat(' ', 'seconds')}.", err=True)
    click.echo(secret)


def _only_one(found: list[ApiKey]) -> ApiKey:
    """Return the only match. No message repeats what was searched for: it may be a secret."""
    if not found:
        raise click.ClickException(NO_MATCH)
    if len(found) > 1:
        ids = ", ".join(key.id for key in found)
        raise click.ClickException(f"Several keys match: {ids}. Use one of these ids.")
    return found[0]


def _entry(key: ApiKey, now: datetime) -> dict[str, str | int | list[str] | None]:
    """Return a key without its secret, as JSON has it. Times are ISO 8601, in UTC."""
    return {
        "id": key.id,
        "account": key.account.name,
        "label": key.label,
        "key": key.shown,
        "masked_key": key.shown,
        "scopes": sorted(key.scopes),
        "status": _status(key, now),
        "created_at": key.created_at.isoformat(),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        "last_used_at": _iso(key.last_used_at),
        "calls_per_second": key.account.calls_per_second,
        "calls_per_month": key.account.calls_per_month,
    }


def _new_entry(key: ApiKey, secret: str, now: datetime) -> dict[str, str | int | list[str] | None]:
    """Return a new key with its secret as `key`, and as `secret`, the former name of `key` here."""
    return {**_entry(key, now), "key": secret, "secret": secret}


def _print_keys(keys: list[ApiKey], now: datetime) -> None:
    """Print a row for each key."""
    rows = [
        (key.id, key.account.name, key.label, _status(key, now), key.shown, _minute(key.expires_at),
         _minute(key.last_used_at), " ".join(sorted(key.scopes)), _minute(key.created_at))
        for key in keys
    ]  # fmt: skip
    print_table(COLUMNS, rows)


def _status(key: ApiKey, now: datetime) -> str:
    refusal: KeyRefusal | None = key.refusal(now)
    return "active" if refusal is None else refusal.value


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _minute(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M}"
