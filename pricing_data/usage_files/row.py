"""A row of an export as usage, terms and charge."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pricing_data.named_models import NamedModel
from pricing_data.usage import Terms, Usage

# The cells of one row, in the order of the header.
RowCells = Sequence[object]


NO_USAGE = Usage(0, requests=0)


class UsageRow(NamedTuple):
    """One row. `fault` is why it cannot be priced, `bill_fault` why its charge cannot be compared.

    `at` is None for a row without a readable date. `calls` is the number of calls that it sums up, `long_context`
    whether their prompts reach the first context tier; both are None if unknown. `cache_is_known` is False if the
    export does not count tokens read from a cache. `named` is what `model` stands for; None: a name of the book.
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
    named: NamedModel | None = None


class UnreadableRow(ValueError):
    """A row that cannot be priced; the message names the column and its value."""


class SkippedRow(Exception):
    """A row that is not usage; the message names its kind, in the plural."""
