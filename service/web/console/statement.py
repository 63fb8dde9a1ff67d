"""`/console/statement`: the entries of an account's credit, in pages or as one CSV file."""

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
from service.web.forms import parse_form
from service.web.page import Pages

PAGE_ROWS = 50
# Entries that are read and encoded at a time: a few milliseconds of the event loop.
CSV_ROWS = 250
HEADINGS = ("id", "at", "kind", "amount_inr", "key_id", "key_name", "reference", "reason")
# Spreadsheets run a text with one of these first characters as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class StatementPages:
    """Shows the entries of an account, the newest first."""

    def __init__(self, pages: Pages, spending: Spending) -> None:
        self.pages = pages
        self.spending = spending
        # Exports take turns for each part, so that several of them delay the event loop no more than one.
        self._turn = Semaphore(1)

    async def show(self, scope: Scope, receive: Receive, visit: Visit) -> Reply | Refusal:
        """Return one page of the account's statement."""
        query = parse_form(scope["query_string"].decode("latin-1"))
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
        """Return all entries as CSV, with formulas made harmless for spreadsheets.

        The export goes backwards from the newest entry, so entries that are added meanwhile do not prolong it.
        """
        account_id = visit.user.account_id
        first = await self._csv_part(
            account_id, None
        )  # read before the reply starts: an unavailable store becomes a refusal
        headers = [(b"content-disposition", b'attachment; filename="statement.csv"'), *visit.headers]
        return StreamedReply(200, self._csv_parts(account_id, first), headers, b"text/csv; charset=utf-8")

    async def _csv_parts(self, account_id: str, part: "CsvPart") -> AsyncGenerator[bytes, None]:
        yield csv_lines([HEADINGS]) + part.lines
        while part.last is not None:
            part = await self._csv_part(account_id, part.last)
            if part.lines:
                yield part.lines

    async def _csv_part(self, account_id: str, before: int | None) -> "CsvPart":
        async with self._turn:
            rows = await self.spending.statement(account_id, CSV_ROWS, before)
            return CsvPart(csv_lines(map(cells, rows)), rows[-1].entry.id if len(rows) == CSV_ROWS else None)


class CsvPart(NamedTuple):
    """Some lines of CSV, and the number of their last entry if more entries may follow."""

    lines: bytes
    last: int | None


def cells(row: StatementRow) -> tuple[str, ...]:
    """Return the cells of an entry, in the order of HEADINGS."""
    entry = row.entry
    amount = f"{signed(entry):f}"
    key_id = entry.key_id or ""
    return str(entry.id), entry.at.isoformat(), entry.kind, amount, key_id, row.key_name, entry.reference, entry.reason


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as CSV, encoded in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows([*map(harmless, row)] for row in rows)
    return text.getvalue().encode()


def signed(entry: LedgerEntry) -> Decimal:
    """Return the change of the customer's balance, in rupees; 0 for entries between accounts of the service."""
    amount = rupees(entry.amount)
    if entry.credit == "customer":
        return amount
    return -amount if entry.debit == "customer" else amount * 0


def harmless(text: str) -> str:
    """Return the text, with an apostrophe in front if a spreadsheet would run it as a formula. Numbers are kept."""
    try:
        Decimal(text)
    except ArithmeticError:
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    return text
