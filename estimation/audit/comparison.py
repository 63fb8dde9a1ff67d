"""Own prices against what was charged, by day and model; exact, and nothing that is not known counts as zero."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from estimation.audit.usage_rows import CostRow, UsageRow
from pricing_data import PriceBook, Terms, UnpricedUsage
from pricing_data.call import call_cost
from pricing_data.cost import add
from pricing_data.price import Price

VERSION = re.compile(r" \(\d{4}-\d{2}-\d{2}\)$")


class Key(NamedTuple):
    """What is compared. The model is its display name where it has one: bills write that."""

    day: date
    model: str


@dataclass(slots=True)
class Line:
    """One model on one day. `charged` is None where no bill says anything."""

    usage_rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    own: Decimal = Decimal()
    charged: Decimal | None = None
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def difference(self) -> Decimal | None:
        """Charged less own; None where either is not known in full."""
        return None if self.charged is None or self.faults else self.charged - self.own


class Audit(NamedTuple):
    """All lines, by day and model. `untold_tiers` rows have many calls of models that are priced by a call's size."""

    lines: Mapping[Key, Line]
    untold_tiers: int

    def differing(self, tolerance: Decimal) -> list[tuple[Key, Line]]:
        """The lines that are further apart than the tolerance, in USD."""
        return [
            (key, line)
            for key, line in self.lines.items()
            if line.difference is not None and abs(line.difference) > tolerance
        ]


def audit(book: PriceBook, names: Mapping[str, str], usage: Iterable[UsageRow], costs: Iterable[CostRow]) -> Audit:
    """Compare. `names` are display names of models; the day of a version is left out, as bills do."""
    lines: dict[Key, Line] = {}
    untold = 0
    for row in usage:
        line = lines.setdefault(Key(row.day, _shown(names, row.model)), Line())
        untold += _book_in(book, row, line)
    for charged in costs:
        line = lines.setdefault(Key(charged.day, _shown(names, charged.model)), Line())
        line.charged = add(line.charged or Decimal(), charged.usd)
    return Audit(dict(sorted(lines.items())), untold)


def _shown(names: Mapping[str, str], model: str) -> str:
    return VERSION.sub("", names.get(model, model))


def _book_in(book: PriceBook, row: UsageRow, line: Line) -> bool:
    """Add a row to its line; answers whether its tier had to be assumed."""
    line.usage_rows += 1
    line.input_tokens += row.usage.input_tokens
    line.output_tokens += row.usage.output_tokens
    if row.billed is not None:
        line.charged = add(line.charged or Decimal(), row.billed)
    try:
        if row.fault is not None:
            raise UnpricedUsage(row.model, row.fault)
        own, untold = _own(book, row)
    except UnpricedUsage as fault:
        line.faults[fault.reason] = line.faults.get(fault.reason, 0) + 1
        return False
    line.own = add(line.own, own)
    return untold


def _own(book: PriceBook, row: UsageRow) -> tuple[Decimal, bool]:
    price = book.price(row.model, row.day)
    if price is None:
        known = book.history(row.model)
        raise UnpricedUsage(row.model, "no price is known on its day" if known else "unknown model, or no price")
    if row.one_call:
        return call_cost(price, row.usage, Terms(row.day, row.service)).total, False
    service = price.tariff.service(row.service)
    tiers = service.tiers if service else ()
    return _many_calls(price, row, tiers[0].above_tokens + 1 if tiers and row.long_context else 0), bool(tiers)


def _many_calls(price: Price, row: UsageRow, prompt_tokens: int) -> Decimal:
    """The cost of calls that are told together, at the tier of a prompt of that size."""
    fee = price.tariff.rates.per_call
    if fee and row.requests is None:
        raise UnpricedUsage(price.model, "each call has a fee, and the number of calls is not told")
    usage = row.usage._replace(requests=row.requests or 0)
    return call_cost(price, usage, Terms(row.day, row.service), input_tokens_of_each=prompt_tokens).total
