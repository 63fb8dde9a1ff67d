"""Compare own prices with what was charged, by day and model. Amounts are exact, and unknown ones are never zero."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from corpus_cost.audit.causes import MISSING_CALL, TOOL_FEE, Cause, PricedRow, causes_of, sum_up
from pricing_data import PriceBook
from pricing_data.cost import add, subtract
from pricing_data.usage_files.pricing_rows import price_row
from pricing_data.usage_files.row import UsageRow
from pricing_data.usage_files.values import day_of

# Names of charges for tools in bills, beside those for models.
TOOL = re.compile(r"search|tool|code.?(execution|interpreter)|container", re.IGNORECASE)
VERSION = re.compile(r" \(\d{4}-\d{2}-\d{2}\)$")


class AuditKey(NamedTuple):
    """Day and model of a line. The model is the display name if it has one, as in bills."""

    day: date
    model: str


@dataclass(slots=True)
class AuditLine:
    """One model on one day, amounts in USD. `charged` is None if no bill has the model on that day.

    `causes` sum to the difference. `waiting` are rows without a charge of their own: `bills` has it.
    """

    usage_rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    own: Decimal = Decimal()
    charged: Decimal | None = None
    faults: dict[str, int] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    waiting: list[PricedRow] = field(default_factory=list)
    bills: Decimal | None = None

    @property
    def difference(self) -> Decimal | None:
        """Return charged minus own; None if either is not known in full."""
        return None if self.charged is None or self.faults else subtract(self.charged, self.own)

    def charge(self, usd: Decimal) -> None:
        """Add a charge in USD."""
        self.charged = add(self.charged or Decimal(), usd)

    def fault(self, reason: str) -> None:
        """Count a row that makes the line incomparable."""
        self.faults[reason] = self.faults.get(reason, 0) + 1


class Audit(NamedTuple):
    """All lines, by day and model. `assumed` counts rows by assumption made, `dayless` rows without a day by reason."""

    lines: Mapping[AuditKey, AuditLine]
    assumed: Mapping[str, int]
    dayless: Mapping[str, int]

    def differing(self, tolerance: Decimal) -> list[tuple[AuditKey, AuditLine]]:
        """Return the lines whose difference exceeds the tolerance, in USD."""
        return [
            (key, line)
            for key, line in self.lines.items()
            if line.difference is not None and abs(line.difference) > tolerance
        ]


def audit(book: PriceBook, names: Mapping[str, str], usage: Iterable[UsageRow], costs: Iterable[UsageRow]) -> Audit:
    """Compare usage with bills.

    `names` are display names of models; a version's date in them is left out, as in bills.
    """
    lines: dict[AuditKey, AuditLine] = {}
    assumed: Counter[str] = Counter()
    dayless: Counter[str] = Counter()
    for row in usage:
        line = _line(lines, names, row, dayless)
        if line is not None:
            assumed.update(_book_in(book, row, line))
    for row in costs:
        line = _line(lines, names, row, dayless)
        if line is not None:
            _book_charge(row, line)
    for key, line in lines.items():
        _explain(book, key, line)
    return Audit(dict(sorted(lines.items())), assumed, dayless)


def _line(
    lines: dict[AuditKey, AuditLine], names: Mapping[str, str], row: UsageRow, dayless: Counter[str]
) -> AuditLine | None:
    if row.at is None:
        dayless[f"{row.model or 'no model'}: {row.fault}"] += 1
        return None
    return lines.setdefault(AuditKey(day_of(row.at), _shown(names, row)), AuditLine())


def _shown(names: Mapping[str, str], row: UsageRow) -> str:
    """Return the model of a line: a name that changes the price has a line of its own."""
    model = row.named.model if row.named and row.named.is_plain else row.model
    return VERSION.sub("", names.get(model, model))


def _book_in(book: PriceBook, row: UsageRow, line: AuditLine) -> tuple[str, ...]:
    """Add a row to its line, and return the assumptions made."""
    line.usage_rows += 1
    line.input_tokens += row.usage.input_tokens
    line.output_tokens += row.usage.output_tokens
    if row.billed is not None and row.bill_fault is None:
        line.charge(row.billed)
    if row.bill_fault is not None:
        line.fault(row.bill_fault)
    total, assumed = price_row(book, row)
    if total.usd is None:
        line.fault(total.reason or "no price is known")
        return ()
    line.own = add(line.own, total.usd)
    own = PricedRow(row, total.usd, total.price)
    if row.billed is None:
        line.waiting.append(own)
    elif row.billed != own.usd:
        line.causes += causes_of(book, [own], row.billed)
    return assumed


def _book_charge(row: UsageRow, line: AuditLine) -> None:
    if row.fault is not None or row.bill_fault is not None:
        line.fault(row.fault or row.bill_fault or "")
    elif row.billed is not None:
        line.charge(row.billed)
        line.bills = add(line.bills or Decimal(), row.billed)


def _explain(book: PriceBook, key: AuditKey, line: AuditLine) -> None:
    """Set the causes of a line: those of its rows, and those of charges in another file."""
    if line.difference is None:
        line.causes = []
    elif not line.usage_rows:
        kind = TOOL_FEE if TOOL.search(key.model) else MISSING_CALL
        line.causes = sum_up([Cause(kind, "charged, and not in the usage", line.difference)])
    else:
        line.causes = sum_up([*line.causes, *causes_of(book, line.waiting, line.bills or Decimal())])
    line.waiting = []
