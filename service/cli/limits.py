"""`weighbridge limits`: what an account has used of its limits."""

import json
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import click

from service.auth.accounts import Account, AccountStore
from service.cli.accounts import named_account
from service.cli.lazy import LazyGroup
from service.cli.store_commands import account_name, asynchronous, json_option
from service.cli.table import Column, print_table
from service.limits import Allowance, Decision


class Counts(Protocol):
    """The shared counters."""

    async def look(self, account_id: str, allowance: Allowance) -> Decision:
        """What a call of the account would be answered now. Raises CountersUnreachable."""

    async def reset(self, account_id: str) -> None:
        """The account has used nothing. Raises CountersUnreachable."""


class LimitTools(Protocol):
    """What these commands need. It is the click context's object."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """The store, with the newest schema."""

    def counts(self) -> AbstractAsyncContextManager[Counts]:
        """The counters of the settings, or of the running service."""

    def default_allowance(self) -> Allowance:
        """What an account may call without limits of its own."""


@click.group("limits", cls=LazyGroup)
def limits() -> None:
    """See and reset what an account has used."""


@limits.command("show")
@click.argument("account", callback=account_name)
@json_option
@click.pass_obj
@asynchronous
async def show(tools: LimitTools, account: str, as_json: bool) -> None:
    """Print an account's limits, and what is used and left of them."""
    async with tools.account_store() as store:
        meant = await named_account(store, account)
    async with tools.counts() as counts:
        decision = await counts.look(meant.id, _allowance(meant, tools.default_allowance()))
    second = Use.of(decision.allowance.calls_per_second, decision.rate_remaining)
    month = Use.of(decision.allowance.calls_per_month, decision.quota_remaining)
    ends_at = _month_end(decision.decided_at_microseconds).isoformat()
    if as_json:
        uses = {"per_second": second._asdict(), "per_month": month._asdict()}
        click.echo(json.dumps({"account": meant.name, **uses, "month_ends_at": ends_at}, indent=2))
        return
    numbers = (Column(heading, "number") for heading in ("Used", "Of", "Left"))
    rows = [("calls this second", *second.cells, None), ("calls this month", *month.cells, ends_at)]
    print_table((Column("Limit", "name"), *numbers, Column("Until")), rows, title=f"Account {meant.name} ({meant.id})")


@limits.command("reset")
@click.argument("account", callback=account_name)
@click.pass_obj
@asynchronous
async def reset(tools: LimitTools, account: str) -> None:
    """Begin an account's second and month anew, with nothing used."""
    async with tools.account_store() as store:
        meant = await named_account(store, account)
    async with tools.counts() as counts:
        await counts.reset(meant.id)
    click.echo(f"Account {meant.name} has used nothing of its limits now.")


def _allowance(account: Account, default: Allowance) -> Allowance:
    return Allowance(
        account.calls_per_second or default.calls_per_second, account.calls_per_month or default.calls_per_month
    )


class Use(NamedTuple):
    """How much of a limit is used. Where a limit was lowered, more may be used than is shown."""

    limit: int
    used: int
    remaining: int

    @classmethod
    def of(cls, limit: int, remaining: int | None) -> "Use":
        return cls(limit, limit - (remaining or 0), remaining or 0)

    @property
    def cells(self) -> tuple[int, int, int]:
        """What is used, of how many, and what is left."""
        return self.used, self.limit, self.remaining


def _month_end(now_microseconds: int) -> datetime:
    """The first moment of the next month, by the store's clock."""
    first = datetime.fromtimestamp(now_microseconds // 1_000_000, UTC).replace(day=1, hour=0, minute=0, second=0)
    return (first + timedelta(days=32)).replace(day=1)
