"""What a row of an export says, in the words of the book."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pricing_data.usage import Terms, Usage

# The cells of one row, in the order of the header.
RowCells = Sequence[object]


NO_USAGE = Usage(0, requests=0)


class UsageRow(NamedTuple):
    """One row. `fault` says why it cannot be priced, `bill_fault` why its charge cannot be compared.

    `at` is None where the row has no day that can be read. `calls` is how many calls it sums up, None if that is not
    known. `long_context` says whether their prompts reach the first tier, None if the row does not say.
    `cache_is_known` is False where an export has no counts of tokens that were read from a cache.
    """

    number: int
    model: str
    at: date | None
    usage: Usage
    terms: Terms | None
    calls: int | None = 1
    long_context: bool | None = None
    cache_is_known: bool = True
    billed: Decimal | None = None
    fault: str | None = None
    bill_fault: str | None = None


class UnreadableRow(ValueError):
    """A row that cannot be priced; the message names the property and its value."""


class SkippedRow(Exception):
    """A row that is no usage; the message says what it is, in the plural."""
