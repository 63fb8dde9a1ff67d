"""`/console/statement`: every movement of the account's credit, a page at a time, or all as CSV."""

import csv
import io
from collections.abc import AsyncIterator
from decimal import Decimal

from starlette.types import Receive, Scope

from service.accounts import AccountStore
from service.errors import INVALID_REQUEST, Refusal
from service.gateway.ledger import Entry
from service.gateway.money import rupees
from service.gateway.spending import Spending
from service.identifiers import entry_number
from service.reply import Reply
from service.web.console.session import Visit
from service.web.forms import parsed
from service.web.page import Pages

PAGE_ROWS = 50
CSV_ROWS = 1_000
HEADS = ("id", "at", "kind", "amount_inr", "key_id", "key_name", "reference", "reason")
# A spreadsheet takes a text that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class StatementPages:
    """Shows the entries of an account, newest first."""

    def __init__(self, pages: Pages, accounts: AccountStore, spending: Spending) -> None:
        self.pages = pages
        self.accounts = accounts
        self.spending = spending

    async def show(self, scope: Scope, receive: Receive, visit: Visit) -> Reply | Refusal:
        """One page."""
        query = parsed(scope["query_string"].decode("latin-1"))
        if isinstance(query, Refusal):
            return query
        before = entry_number(query.one("before"))
        if before is None and query.one("before"):
            return INVALID_REQUEST.saying("before: must be the number of an entry.")
        found = await self.spending.statement(visit.user.account_id, PAGE_ROWS + 1, before)
        values = {
            "user": visit.user,
            "rows": [(entry, signed(entry)) for entry in found[:PAGE_ROWS]],
            "older": found[PAGE_ROWS - 1].id if len(found) > PAGE_ROWS else None,
            "before": before,
            "names": await self._names(visit),
        }
        return self.pages.page("console_statement.html", values, headers=visit.headers)

    async def export(self, scope: Scope, receive: Receive, visit: Visit) -> Reply | Refusal:
        """All of it as CSV, with what a spreadsheet would run made harmless."""
        names = await self._names(visit)
        lines = [HEADS, *[line async for line in self._lines(visit.user.account_id, names)]]
        text = io.StringIO()
        csv.writer(text).writerows([*map(harmless, line)] for line in lines)
        headers = [(b"content-disposition", b'attachment; filename="statement.csv"'), *visit.headers]
        return Reply(200, text.getvalue().encode(), headers, b"text/csv; charset=utf-8")

    async def _lines(self, account_id: str, names: dict[str, str]) -> AsyncIterator[tuple[str, ...]]:
        before: int | None = None
        while found := await self.spending.statement(account_id, CSV_ROWS, before):
            for entry in found:
                yield (
                    str(entry.id),
                    entry.at.isoformat(),
                    entry.kind,
                    f"{signed(entry):f}",
                    entry.key_id or "",
                    names.get(entry.key_id or "", ""),
                    entry.reference,
                    entry.reason,
                )
            before = found[-1].id

    async def _names(self, visit: Visit) -> dict[str, str]:
        return {key.id: key.label or key.shown for key in await self.accounts.list_keys(visit.user.account_name)}


def signed(entry: Entry) -> Decimal:
    """Rupees as the customer sees them: what is paid in, less what is charged; what the house bears changes nothing."""
    amount = rupees(entry.amount)
    if entry.credit == "customer":
        return amount
    return -amount if entry.debit == "customer" else amount * 0


def harmless(text: str) -> str:
    """The text, with a mark in front where a spreadsheet would take it for a formula. Numbers stay numbers."""
    try:
        Decimal(text)
    except ArithmeticError:
        return f"'{text}" if text.startswith(FORMULA) else text
    return text
