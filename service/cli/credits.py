"""`weighbridge credits`: grant credit, and show balances and statements."""

import secrets
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import NamedTuple, Protocol

import click

from service.auth.accounts import Account, AccountStore
from service.billing.ledger import Balance, Books, LedgerEntry
from service.billing.money import parse_rupees, shown
from service.cli.lazy import LazyGroup
from service.cli.store_commands import asynchronous, json_option
from service.cli.table import Column, TableCell, print_table
from service.http import json

DECIMALS = 6


class CreditTools(Protocol):
    """What these commands need: the object of the click context."""

    def account_store(self) -> AbstractAsyncContextManager[AccountStore]:
        """Return the accounts and keys. Entering it raises StoreError, PepperError or DataFolderUnusable."""

    def statements(self) -> AbstractAsyncContextManager[Books]:
        """Return the credit of accounts. Entering it raises StoreError or DataFolderUnusable."""


class StatementLine(NamedTuple):
    """An entry as its account sees it: the change of its balance, and the sum so far, in micro-rupees."""

    entry: LedgerEntry
    change: int
    sum: int


def rupees_argument(context: click.Context, _: click.Parameter, text: str) -> int:
    """Return the amount in micro-rupees."""
    try:
        return parse_rupees(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context) from error


@click.group("credits", cls=LazyGroup)
def credits_() -> None:
    """Grant credit, and show balances and statements."""


@credits_.command("grant")
@click.argument("account")
@click.argument("rupees", callback=rupees_argument)
@click.option("--reason", default="granted by hand", help="Reason, shown in the statement.")
@click.pass_obj
@asynchronous
async def grant(tools: CreditTools, account: str, rupees: int, reason: str) -> None:
    """Add a credit of RUPEES to ACCOUNT, which is a name or an id."""
    async with tools.statements() as books:
        owner = _known(await books.find_account(account), account)
        balance = await books.grant(owner.id, rupees, f"grant_{secrets.token_hex(8)}", reason)
    paid, now = shown(rupees, DECIMALS), shown(balance.posted, DECIMALS)
    click.echo(f"INR {paid} granted to {owner.name}: the balance is INR {now}.")


@credits_.command("show")
@click.argument("account", required=False)
@json_option
@click.pass_obj
@asynchronous
async def show(tools: CreditTools, account: str | None, as_json: bool) -> None:
    """Show the balance of ACCOUNT, or of all accounts."""
    async with tools.statements() as books:
        wanted = None if account is None else _known(await books.find_account(account), account)
        rows = [(owner, money) for owner, money in await books.balances() if wanted is None or owner.id == wanted.id]
    if as_json:
        click.echo(json.encode([_balance(owner, money) for owner, money in rows]))
        return
    columns = (Column("Account", "name"), *_numbers("Balance, INR", "Held, INR", "Available, INR"), Column("Id"))
    amounts = [(owner, map(_rupees, (money.posted, money.held, money.available))) for owner, money in rows]
    print_table(columns, [(owner.name, *cells, owner.id) for owner, cells in amounts])


@credits_.command("statement")
@click.argument("reference", metavar="KEY|ACCOUNT")
@json_option
@click.pass_obj
@asynchronous
async def statement(tools: CreditTools, reference: str, as_json: bool) -> None:
    """List the grants and charges of an account or of a key.

    Name an account by its name or id, a key by its id, its short form or the key itself.
    """
    async with tools.statements() as books:
        owner = await books.find_account(reference)
        if owner is not None:
            entries = await books.entries(owner.id)
        else:
            async with tools.account_store() as store:
                keys = await store.find_keys(reference)
            if len(keys) != 1:
                raise click.ClickException("This is neither an account nor exactly one key.")
            entries = await books.entries(keys[0].account.id, keys[0].id)
    lines = _lines(entries)
    if as_json:
        click.echo(json.encode([_line(line) for line in lines]))
        return
    columns = (
        Column("Time, UTC", "name"),
        *map(Column, ("Kind", "Reason", "Reference")),
        *_numbers("Change, INR", "Sum, INR"),
    )
    rows = [
        (f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.kind, entry.reason, entry.reference, _rupees(change), _rupees(total))
        for entry, change, total in lines
    ]
    print_table(columns, rows)


def _known(account: Account | None, reference: str) -> Account:
    if account is None:
        raise click.ClickException(f"There is no account {reference!r}. `weighbridge credits show` lists all accounts.")
    return account


def _lines(entries: Sequence[LedgerEntry]) -> list[StatementLine]:
    total, lines = 0, []
    for entry in entries:
        change = entry.amount * ((entry.credit == "customer") - (entry.debit == "customer"))
        total += change
        lines.append(StatementLine(entry, change, total))
    return lines


def _line(line: StatementLine) -> json.Value:
    entry = line.entry
    return {
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "reference": entry.reference,
        "key_id": entry.key_id,
        "debit": entry.debit,
        "credit": entry.credit,
        "amount_inr": shown(entry.amount, DECIMALS),
        "change_inr": _signed_rupees(line.change),
        "sum_inr": _signed_rupees(line.sum),
        "reason": entry.reason,
    }


def _balance(account: Account, money: Balance) -> json.Value:
    return {
        "account": account.name,
        "id": account.id,
        "balance_inr": shown(money.posted, DECIMALS),
        "held_inr": shown(money.held, DECIMALS),
        "available_inr": shown(money.available, DECIMALS),
    }


def _signed_rupees(micro_inr: int) -> str:
    return f"-{shown(-micro_inr, DECIMALS)}" if micro_inr < 0 else shown(micro_inr, DECIMALS)


def _rupees(micro_inr: int) -> TableCell:
    """Return an amount of rupees with all its decimals."""
    exact = _signed_rupees(micro_inr)
    return TableCell(f"{Decimal(exact):,f}", exact)


def _numbers(*headings: str) -> tuple[Column, ...]:
    return tuple(Column(heading, "number") for heading in headings)
