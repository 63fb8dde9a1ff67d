"""Options that several commands share, and how they are checked."""

from datetime import datetime, timedelta
from typing import Protocol

import click

from service.auth.accounts import KeyScope, checked_name, checked_text
from service.cli import expiry

calls_per_second = click.option(
    "--calls-per-second", type=click.IntRange(1, 1_000_000), help="The account's limit from now on."
)
calls_per_month = click.option(
    "--calls-per-month", type=click.IntRange(1, 10**12), help="The account's quota from now on."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Timed(Protocol):
    """A click context's object that knows the time."""

    def now(self) -> datetime:
        """The time, in UTC."""


def account_name(context: click.Context, _: click.Parameter, name: str | None) -> str | None:
    """A name that an account can have."""
    try:
        return None if name is None else checked_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def label(context: click.Context, _: click.Parameter, text: str) -> str:
    """A label that a key can have."""
    try:
        return checked_text(text, "label")
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def instant_to_come(context: click.Context, _: click.Parameter, text: str | None) -> datetime | None:
    """An instant that is still to come."""
    tools: Timed = context.obj
    try:
        return None if text is None else expiry.parse(text, tools.now())
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def duration(context: click.Context, _: click.Parameter, text: str) -> timedelta:
    """A time such as 90m, 12h or 7d."""
    try:
        return expiry.parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def scopes(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> frozenset[KeyScope]:
    """The scopes named; all of them if none is."""
    return frozenset(KeyScope(name) for name in names) or frozenset(KeyScope)
