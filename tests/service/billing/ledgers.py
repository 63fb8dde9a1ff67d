"""A ledger on a new database, with an account to spend from, and the invariants that hold at all times."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import NamedTuple

from sqlalchemy import func, select

from service.auth.accounts import Account, ApiKey
from service.auth.sql_accounts import SqlAccountStore
from service.billing.ledger import NewHold
from service.billing.sql_credit import WelcomeCredit
from service.billing.sql_ledger import SqlLedger
from service.billing.sql_statements import SqlStatements
from service.storage.sql.engine import Database, blocking_engine
from service.storage.sql.migrate import upgrade
from service.storage.sql.tables import balance, entry, hold
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import Clock
from tests.service.storage.databases import PEPPERS

LEASE = timedelta(seconds=90)


class Books(NamedTuple):
    """A ledger, its clock, an account and a key: what tests of money need."""

    url: DatabaseUrl
    clock: Clock
    ledger: SqlLedger
    statements: SqlStatements
    accounts: SqlAccountStore
    account: Account
    key: ApiKey
    numbers: "count[int]"

    def new_hold(self, amount: int, *, key: ApiKey | None = None, most_open: int | None = None) -> NewHold:
        """Return a hold with a new id."""
        number, owner = next(self.numbers), key or self.key
        hold_id = f"call{number}"
        return NewHold(
            hold_id, f"{number:032x}", owner.account.id, owner.id, amount, True, self.clock.now() + LEASE, most_open
        )


@asynccontextmanager
async def opened_books(url: DatabaseUrl, clock: Clock, welcome_micro_inr: int = 1000) -> AsyncIterator[Books]:
    """Yield a new database with one account, which has one key and its welcome credit."""
    upgrade(url)
    database = Database(url)
    try:
        accounts = SqlAccountStore(database, PEPPERS, clock.now, welcome=WelcomeCredit(welcome_micro_inr))
        account = await accounts.get_or_create_account("payer")
        key, _ = await accounts.create_key(account)
        ledger = SqlLedger(database, clock.now, welcome_micro_inr)
        statements = SqlStatements(database, clock.now, welcome_micro_inr)
        yield Books(url, clock, ledger, statements, accounts, account, key, count())
        await ledger.close()
    finally:
        await database.close()


class AccountBooks(NamedTuple):
    """An account's balances and the sum of its charges, read at one moment."""

    posted: int
    held: int
    charged: int


def balances_in_the_books(url: DatabaseUrl) -> list[AccountBooks]:
    """Return the balances of all accounts that ever had money, read in one statement."""
    charged = (
        select(func.coalesce(func.sum(entry.c.amount), 0))
        .where(entry.c.account_id == balance.c.account_id, entry.c.kind == "charge")
        .scalar_subquery()
    )
    with blocking_engine(url) as engine, engine.connect() as connection:
        rows = connection.execute(select(balance.c.posted, balance.c.held, charged.label("charged")))
        return [AccountBooks(row.posted, row.held, int(row.charged)) for row in rows]


def faults_in_the_books(url: DatabaseUrl) -> list[str]:
    """Return every invariant that does not hold, read in one transaction; the list must always be empty."""
    with blocking_engine(url) as engine, engine.connect().execution_options(**_snapshot(url)) as connection:
        money = {row.account_id: row for row in connection.execute(select(balance))}
        entries = list(connection.execute(select(entry)))
        open_holds = select(hold.c.account_id, func.sum(hold.c.amount)).where(hold.c.state == "open")
        held = {row[0]: int(row[1]) for row in connection.execute(open_holds.group_by("account_id"))}
        closed = list(connection.execute(select(hold).where(hold.c.state != "open")))
    faults = []
    for account_id, row in money.items():
        booked = sum(
            line.amount * ((line.credit == "customer") - (line.debit == "customer"))
            for line in entries
            if line.account_id == account_id
        )
        if booked != row.posted:
            faults.append(f"{account_id}: entries sum to {booked}, posted is {row.posted}")
        if held.get(account_id, 0) != row.held:
            faults.append(f"{account_id}: open holds sum to {held.get(account_id, 0)}, held is {row.held}")
        if row.posted - row.held < 0 or row.held < 0:
            faults.append(f"{account_id}: overspent: {row}")
    charges = {line.reference: line.amount for line in entries if line.kind == "charge"}
    faults += [f"{call.id}: settled but charged {charges.get(call.id)}" for call in closed
               if call.state == "settled" and charges.get(call.id) != call.cost]  # fmt: skip
    faults += [f"{call.id}: void but charged" for call in closed if call.state == "void" and call.id in charges]
    return faults


def _snapshot(url: DatabaseUrl) -> dict[str, str]:
    """Make all statements of the transaction read one state; SQLite does so by itself."""
    return {} if url.is_sqlite else {"isolation_level": "REPEATABLE READ"}
