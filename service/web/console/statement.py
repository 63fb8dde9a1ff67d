"""`/console/statement`: every movement of the account's credit, a page at a time, or all as CSV."""

import csv
import io
from asyncio import Semaphore
from collections.abc import AsyncGenerator, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from starlette.types import Receive, Scope

from service.billing.ledger import LedgerEntry
from service.billing.money import rupees
from service.billing.spending import Spending, StatementRow
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.responses import Reply, StreamedReply
from service.http.validation import entry_number
from service.web.console.session import Visit
from service.web.forms import parsed
from service.web.page import Pages

PAGE_ROWS = 50
# What is read and written at a time: some milliseconds of the event loop.
CSV_ROWS = 250
HEADS = ("id", "at", "kind", "amount_inr", "key_id", "key_name", "reference", "reason")
# A spreadsheet takes a text that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class StatementPages:
    """Shows the entries of an account, newest first."""

    def __init__(self, pages: Pages, spending: Spending) -> None:
        self.pages = pages
        self.spending = spending
        # Exports take turns with each part, so that many of them hold the event loop no longer than one.
        self._turn = Semaphore(1)

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
            "rows": [(row.entry, signed(row.entry), row.key_name) for row in found[:PAGE_ROWS]],
            "older": found[PAGE_ROWS - 1].entry.id if len(found) > PAGE_ROWS else None,
            "before": before,
        }
        return self.pages.page("console_statement.html", values, headers=visit.headers)

    async def export(self, scope: Scope, receive: Receive, visit: Visit) -> StreamedReply:
        """All of it as CSV, with what a spreadsheet would run made harmless.

        It goes back from the newest entry there is now, so that it ends however fast others are added.
        """
        account_id = visit.user.account_id
        first = await self._part(account_id, None)  # a store that is away is a refusal, not half a file
        headers = [(b"content-disposition", b'attachment; filename="statement.csv"'), *visit.headers]
        return StreamedReply(200, self._parts(account_id, first), headers, b"text/csv; charset=utf-8")

    async def _parts(self, account_id: str, part: "Part") -> AsyncGenerator[bytes, None]:
        yield csv_lines([HEADS]) + part.lines
        while part.last is not None:
            part = await self._part(account_id, part.last)
            if part.lines:
                yield part.lines

    async def _part(self, account_id: str, before: int | None) -> "Part":
        async with self._turn:
            rows = await self.spending.statement(account_id, CSV_ROWS, before)
            return Part(csv_lines(map(cells, rows)), rows[-1].entry.id if len(rows) == CSV_ROWS else None)


class Part(NamedTuple):
    """Some lines of CSV, and the number of the last entry if there may be more."""

    lines: bytes
    last: int | None


def cells(row: StatementRow) -> tuple[str, ...]:
    """The cells of an entry, as HEADS names them."""
    entry = row.entry
    amount = f"{signed(entry):f}"
    key_id = entry.key_id or ""
    return str(entry.id), entry.at.isoformat(), entry.kind, amount, key_id, row.key_name, entry.reference, entry.reason


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([*map(harmless, row)] for row in rows)
    return text.getvalue().encode()


def signed(entry: LedgerEntry) -> Decimal:
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
