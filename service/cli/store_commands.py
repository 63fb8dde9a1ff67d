"""What commands on the stores share: running a coroutine, and options with their checks."""

import functools
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import anyio
import click

from service.auth.accounts import KeyScope, checked_name, checked_text
from service.auth.pepper import PepperError
from service.limits import LimitsError
from service.runtime.data_dir import DataFolderUnusable
from service.storage.errors import StoreError

FAULTS = (StoreError, LimitsError, PepperError, DataFolderUnusable)
DURATION = re.compile(r"([0-9]{1,4})([mhd])")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

Options = ParamSpec("Options")
Tools = TypeVar("Tools")

calls_per_second_option = click.option(
    "--calls-per-second", type=click.IntRange(1, 1_000_000), help="Set the account's rate limit."
)
calls_per_month_option = click.option(
    "--calls-per-month", type=click.IntRange(1, 10**12), help="Set the account's monthly quota."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Timed(Protocol):
    """A click context's object that knows the time."""

    def now(self) -> datetime:
        """Return the current time, in UTC."""


def asynchronous(
    command: Callable[Concatenate[Tools, Options], Awaitable[None]],
) -> Callable[Concatenate[Tools, Options], None]:
    """Run a coroutine as a command; a store that fails ends it with one sentence and exit status 1."""

    @functools.wraps(command)
    def run(tools: Tools, /, *arguments: Options.args, **options: Options.kwargs) -> None:
        try:
            anyio.run(functools.partial(command, tools, *arguments, **options))
        except FAULTS as error:
            raise click.ClickException(str(error)) from error

    return run


def account_name(context: click.Context, _: click.Parameter, name: str | None) -> str | None:
    """Return a valid account name, or None if the option is absent."""
    try:
        return None if name is None else checked_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def key_label(context: click.Context, _: click.Parameter, text: str) -> str:
    """Return a valid label of a key."""
    try:
        return checked_text(text, "label")
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def key_scopes(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> frozenset[KeyScope]:
    """Return the named scopes, or all scopes if none is named."""
    return frozenset(KeyScope(name) for name in names) or frozenset(KeyScope)


def future_instant(context: click.Context, _: click.Parameter, text: str | None) -> datetime | None:
    """Return an instant in the future, or None if the option is absent."""
    tools: Timed = context.obj
    try:
        return None if text is None else _parse_future(text, tools.now())
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


def duration(context: click.Context, _: click.Parameter, text: str) -> timedelta:
    """Return a duration written as `90m`, `12h`, `7d` or `0`."""
    found = DURATION.fullmatch(text.strip())
    if text.strip() != "0" and found is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 90m, 12h or 7d.", context)
    return timedelta() if found is None else int(found[1]) * UNITS[found[2]]


def _parse_future(text: str, now: datetime) -> datetime:
    """Return the instant a number of days from now (`30`), or the start in UTC of a date (`2027-01-31`).

    Raise ValueError with a sentence if the text is neither, or the instant is past.
    """
    at = _parse_instant(text.strip(), now)
    if at is None:
        raise ValueError(f"{text!r} is neither a number of days nor a date such as 2027-01-31.")
    if at <= now:
        raise ValueError(f"{text!r} is not in the future.")
    return at


def _parse_instant(text: str, now: datetime) -> datetime | None:
    try:
        if text.isascii() and text.isdigit():
            return now + timedelta(days=int(text))
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except (ValueError, OverflowError):
        return None
