"""`weighbridge users`: users who may sign in to the console, and their passwords."""

import sys
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import click

from service.auth.accounts import AccountStore
from service.auth.passwords import Passwords
from service.auth.users import UserStore, checked_email, checked_password
from service.cli.lazy import LazyGroup
from service.cli.store_commands import account_name, asynchronous
from service.cli.table import Column, print_table


class UserTools(Protocol):
    """What these commands need: the object of the click context."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """Return the accounts, with the newest schema."""

    def user_store(self) -> AbstractAsyncContextManager[UserStore]:
        """Return the users, with the newest schema."""


def email_argument(context: click.Context, _: click.Parameter, text: str) -> str:
    """Return the e-mail address in its stored form."""
    try:
        return checked_email(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


email = click.argument("email", callback=email_argument)
password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)


@click.group("users", cls=LazyGroup)
def users() -> None:
    """Create and list users of the console, and set passwords."""


@users.command("create")
@email
@click.option("--account", required=True, callback=account_name, help="Account; created if it does not exist.")
@password_stdin
@click.pass_obj
@asynchronous
async def create(tools: UserTools, email: str, account: str, password_stdin: bool) -> None:
    """Create a user of an account, and ask for the password."""
    password_hash = await Passwords().hash(_password(password_stdin))
    async with tools.account_store() as accounts, tools.user_store() as store:
        owner = await accounts.get_or_create_account(account)
        made = await store.create_user(email, owner.id, password_hash)
    if made is None:
        raise click.ClickException(f"User {email} already exists. Set a new password with `weighbridge users passwd`.")
    click.echo(f"User {made.id} of account {owner.name} signs in as {email}.")


@users.command("passwd")
@email
@password_stdin
@click.pass_obj
@asynchronous
async def passwd(tools: UserTools, email: str, password_stdin: bool) -> None:
    """Set a user's password and end all of the user's sessions."""
    password_hash = await Passwords().hash(_password(password_stdin))
    async with tools.user_store() as store:
        changed = await store.set_password(email, password_hash)
    if changed is None:
        raise click.ClickException(_no_user(email))
    click.echo(f"User {changed.id} has a new password. All sessions of the user have ended.")


@users.command("list")
@click.pass_obj
@asynchronous
async def list_(tools: UserTools) -> None:
    """List users with their accounts."""
    async with tools.user_store() as store:
        found = await store.list_users()
    columns = (Column("E-mail", "name"), Column("Account"), Column("Id"), Column("Created"))
    print_table(columns, [(user.email, user.account_name, user.id, f"{user.created_at:%Y-%m-%d}") for user in found])


@users.command("delete")
@email
@click.pass_obj
@asynchronous
async def delete(tools: UserTools, email: str) -> None:
    """Delete a user and end all of the user's sessions.

    The account and its keys stay.
    """
    async with tools.user_store() as store:
        if not await store.delete_user(email):
            raise click.ClickException(_no_user(email))
    click.echo(f"User {email} is deleted.")


def _no_user(email: str) -> str:
    return f"There is no user {email}. `weighbridge users list` shows all users."


def _password(from_stdin: bool) -> str:
    """Return the password, read or prompted for. It is never an argument: all local processes can read those."""
    given = (
        sys.stdin.readline().rstrip("\r\n")
        if from_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    try:
        return checked_password(given)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
