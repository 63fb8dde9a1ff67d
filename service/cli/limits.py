"""`weighbridge limits`: how much of its limits an account has used."""

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


class AccountCounters(Protocol):
    """The shared counters of accounts."""

    async def look(self, account_id: str, allowance: Allowance) -> Decision:
        """Return the decision on a call of the account now, without counting one. Raise CountersUnreachable."""

    async def reset(self, account_id: str) -> None:
        """Set what the account has used to nothing. Raise CountersUnreachable."""


class LimitTools(Protocol):
    """What these commands need: the object of the click context."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """Return the accounts, with the newest schema."""

    def counts(self) -> AbstractAsyncContextManager[AccountCounters]:
        """Return the counters of the settings, or of the running service."""

    def default_allowance(self) -> Allowance:
        """Return the limits of an account that has none of its own."""


@click.group("limits", cls=LazyGroup)
def limits() -> None:
    """Show and reset how much of its limits an account has used."""


@limits.command("show")
@click.argument("account", callback=account_name)
@json_option
@click.pass_obj
@asynchronous
async def show(tools: LimitTools, account: str, as_json: bool) -> None:
    """Show an account's limits, and how much is used and left."""
    async with tools.account_store() as store:
        meant = await named_account(store, account)
    async with tools.counts() as counts:
        decision = await counts.look(meant.id, _allowance(meant, tools.default_allowance()))
    second = LimitUse.of(decision.allowance.calls_per_second, decision.rate_remaining)
    month = LimitUse.of(decision.allowance.calls_per_month, decision.quota_remaining)
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
    """Reset what an account has used in this second and month."""
    async with tools.account_store() as store:
        meant = await named_account(store, account)
    async with tools.counts() as counts:
        await counts.reset(meant.id)
    click.echo(f"The limits of account {meant.name} are reset: nothing is used.")


def _allowance(account: Account, default: Allowance) -> Allowance:
    return Allowance(
        account.calls_per_second or default.calls_per_second, account.calls_per_month or default.calls_per_month
    )


class LimitUse(NamedTuple):
    """How much of a limit is used. After a limit was lowered, more may be used than `used` says."""

    limit: int
    used: int
    remaining: int

    @classmethod
    def of(cls, limit: int, remaining: int | None) -> "LimitUse":
        """Return the use of a limit of which `remaining` calls are left."""
        return cls(limit, limit - (remaining or 0), remaining or 0)

    @property
    def cells(self) -> tuple[int, int, int]:
        """Return the cells of a table row: used, limit, remaining."""
        return self.used, self.limit, self.remaining


def _month_end(now_microseconds: int) -> datetime:
    """Return the start of the next month (UTC) after a time of the store's clock."""
    first = datetime.fromtimestamp(now_microseconds // 1_000_000, UTC).replace(day=1, hour=0, minute=0, second=0)
    return (first + timedelta(days=32)).replace(day=1)
