"""What a file of usage comes to: by model, and what could not be priced, by reason."""

import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from pricing_data import PriceBook
from pricing_data.cost import add
from pricing_data.usage_files.pricing_rows import price_row
from pricing_data.usage_files.row import UsageRow

NUMBERS = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")


@dataclass(slots=True)
class ModelUse:
    """What the calls of one model come to."""

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal = Decimal()


@dataclass(slots=True)
class Unpriced:
    """Rows of one model that cannot be priced for the same reason: that of the first of them, and its number."""

    model: str
    reason: str
    first_row: int
    rows: int = 1


@dataclass(slots=True)
class Bill:
    """The running outcome: by model, by what could not be priced, and by what had to be assumed."""

    by_model: dict[str, ModelUse] = field(default_factory=dict)
    faults: dict[tuple[str, str], Unpriced] = field(default_factory=dict)
    assumed: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    @property
    def usd(self) -> Decimal:
        """Return the exact total, in USD."""
        return add(*(use.usd for use in self.by_model.values()))

    @property
    def unpriced(self) -> list[Unpriced]:
        """Return what could not be priced, the most rows first."""
        return sorted(self.faults.values(), key=lambda fault: (-fault.rows, fault.first_row))

    @property
    def unpriced_rows(self) -> int:
        """Return the number of rows that could not be priced."""
        return sum(fault.rows for fault in self.faults.values())


class Pricer:
    """Prices rows of files with one book, and keeps what they come to."""

    def __init__(self, book: PriceBook) -> None:
        self.book = book
        self.bill = Bill()

    def price(self, row: UsageRow) -> Decimal | None:
        """Return the cost of one row, None if it cannot be priced."""
        self.bill.rows += 1
        total, assumed = price_row(self.book, row)
        if total.usd is None:
            self._book_fault(row, total.reason or "no price is known")
            return None
        for sentence in assumed:
            self.bill.assumed[sentence] += 1
        self._book_in(row, total.usd)
        return total.usd

    def _book_fault(self, row: UsageRow, reason: str) -> None:
        """Numbers differ from row to row; the reason is the same."""
        key = row.model, NUMBERS.sub("…", reason)
        fault = self.bill.faults.get(key)
        if fault is None:
            self.bill.faults[key] = Unpriced(row.model, reason, row.number)
        else:
            fault.rows += 1

    def _book_in(self, row: UsageRow, usd: Decimal) -> None:
        use = self.bill.by_model.get(row.model)
        if use is None:
            use = self.bill.by_model[row.model] = ModelUse()
        use.rows += 1
        use.input_tokens += row.usage.input_tokens
        use.output_tokens += row.usage.output_tokens
        use.usd = add(use.usd, usd)
