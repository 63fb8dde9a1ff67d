"""`weighbridge accounts`: list and create accounts, and set their own limits."""

import json
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import click

from service.auth.accounts import Account, AccountStore
from service.cli.lazy import LazyGroup
from service.cli.store_commands import (
    account_name,
    asynchronous,
    calls_per_month_option,
    calls_per_second_option,
    json_option,
)
from service.cli.table import Column, print_table

COLUMNS = (
    Column("Account", "name"),
    Column("Id", "name"),
    Column("Calls per second", "number"),
    Column("Calls per month", "number"),
    Column("Created"),
)


class AccountTools(Protocol):
    """What these commands need: the object of the click context."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """Return the store, with the newest schema."""


@click.group("accounts", cls=LazyGroup)
def accounts() -> None:
    """List and create accounts, and set their own limits."""


@accounts.command("list")
@json_option
@click.pass_obj
@asynchronous
async def list_(tools: AccountTools, as_json: bool) -> None:
    """List accounts with their own limits, if they have any."""
    async with tools.account_store() as store:
        found = await store.list_accounts()
    if as_json:
        click.echo(json.dumps([_as_json(account) for account in found], indent=2))
        return
    rows = [
        (account.name, account.id, account.calls_per_second, account.calls_per_month, f"{account.created_at:%Y-%m-%d}")
        for account in found
    ]
    print_table(COLUMNS, rows)


@accounts.command("create")
@click.argument("account", callback=account_name)
@calls_per_second_option
@calls_per_month_option
@click.pass_obj
@asynchronous
async def create(tools: AccountTools, account: str, calls_per_second: int | None, calls_per_month: int | None) -> None:
    """Create an account without a key."""
    async with tools.account_store() as store:
        made = await store.create_account(account)
        if made is None:
            raise click.ClickException(f"Account {account!r} already exists.")
        await store.set_allowance(made.id, calls_per_second, calls_per_month)
    click.echo(f"Account {made.id} is {made.name}.")


@accounts.command("set")
@click.argument("account", callback=account_name)
@calls_per_second_option
@calls_per_month_option
@click.option("--defaults", is_flag=True, help="Remove the account's own limits first.")
@click.pass_obj
@asynchronous
async def set_(
    tools: AccountTools, account: str, calls_per_second: int | None, calls_per_month: int | None, defaults: bool
) -> None:
    """Set an account's own limits.

    Running services apply them within 5 seconds.
    """
    if calls_per_second is None and calls_per_month is None and not defaults:
        raise click.UsageError("Name what to set: --calls-per-second, --calls-per-month or --defaults.")
    async with tools.account_store() as store:
        meant = await named_account(store, account)
        if defaults:
            await store.clear_allowance(meant.id)
        now = await store.set_allowance(meant.id, calls_per_second, calls_per_month) or meant
    limits = (f"{now.calls_per_second or 'default'} calls per second", f"{now.calls_per_month or 'default'} per month")
    click.echo(f"Account {now.name}: {', '.join(limits)}.")


async def named_account(store: AccountStore, name: str) -> Account:
    """Return the account of that name. If there is none, end the command with a sentence."""
    found = await store.find_account(name)
    if found is None:
        raise click.ClickException(f"There is no account {name!r}. `weighbridge accounts list` shows all accounts.")
    return found


def _as_json(account: Account) -> dict[str, str | int | None]:
    return {
        "id": account.id,
        "account": account.name,
        "calls_per_second": account.calls_per_second,
        "calls_per_month": account.calls_per_month,
        "created_at": account.created_at.isoformat(),
    }
