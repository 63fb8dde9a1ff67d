"""Usage rows to cost: one row a call, each priced at its own moment, and nothing priced by a guess."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from pricing_data import PriceBook, UnpricedUsage
from pricing_data.call import call_cost
from pricing_data.cost import add
from pricing_data.price import STANDARD
from pricing_data.usage import Terms, Usage

WHOLE = re.compile(r"[0-9]+(\.0+)?", re.ASCII)
TRUE, FALSE = {"true", "1", "yes"}, {"", "false", "0", "no"}


class Columns(NamedTuple):
    """What the columns of a file are called; the first two have to be there."""

    model: str = "model"
    input_tokens: str = "input_tokens"
    output_tokens: str = "output_tokens"
    cached_input_tokens: str = "cached_input_tokens"
    cache_write_tokens: str = "cache_write_tokens"
    date: str = "date"
    batch: str = "batch"


REQUIRED = 2


@dataclass(slots=True)
class ModelUse:
    """What the calls of one model come to."""

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal = Decimal()


@dataclass(slots=True)
class Bill:
    """The running outcome: by model, and by model and reason what could not be priced."""

    by_model: dict[str, ModelUse] = field(default_factory=dict)
    unpriced: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: int = 0

    @property
    def usd(self) -> Decimal:
        """The exact total."""
        return add(*(use.usd for use in self.by_model.values()))


class Pricer:
    """Prices rows of a file. `default_at` is the moment of rows without a date."""

    def __init__(self, book: PriceBook, default_at: date) -> None:
        self.book = book
        self.default_at = default_at
        self.bill = Bill()

    def price(self, values: Sequence[object]) -> Decimal | None:
        """The cost of one row, whose values are in the order of Columns; None if it cannot be priced."""
        self.bill.rows += 1
        model = str(values[0]) if values[0] is not None else ""
        try:
            usage = Usage(
                _tokens("input_tokens", values[1], needed=True),
                _tokens("output_tokens", values[2]),
                _tokens("cached_input_tokens", values[3]),
                _tokens("cache_write_tokens", values[4]),
            )
            service = "batch" if _flag(values[6]) else STANDARD
            usd = self._cost(model, usage, Terms(_moment(values[5]) or self.default_at, service))
        except UnpricedUsage as fault:
            # Numbers differ from row to row; the reason is the same.
            self.bill.unpriced[model, re.sub(r"[0-9]{3,}", "…", fault.reason)] += 1
            return None
        except ValueError as fault:
            self.bill.unpriced[model, str(fault)] += 1
            return None
        self._book_in(model, usage, usd)
        return usd

    def _cost(self, model: str, usage: Usage, terms: Terms) -> Decimal:
        price = self.book.price(model, terms.at)
        if price is None:
            known = self.book.history(model) or self.book.standing.get(model)
            raise UnpricedUsage(model, "no price is known on its day" if known else "unknown model, or no price")
        return call_cost(price, usage, terms).total

    def _book_in(self, model: str, usage: Usage, usd: Decimal) -> None:
        use = self.bill.by_model.get(model)
        if use is None:
            use = self.bill.by_model[model] = ModelUse()
        use.rows += 1
        use.input_tokens += usage.input_tokens
        use.output_tokens += usage.output_tokens
        use.usd = add(use.usd, usd)


def places(header: Sequence[str], columns: Columns) -> list[int | None]:
    """Where each column stands in a file. Raises ValueError with a sentence for one that has to be there."""
    found = [header.index(name) if name in header else None for name in columns]
    missing = [name for name, place in zip(columns[:REQUIRED], found, strict=False) if place is None]
    if missing:
        raise ValueError(f"There is no column {', '.join(missing)}; there are {', '.join(header)}.")
    return found


def picker(places: Sequence[int | None]) -> Callable[[Sequence[object]], list[object]]:
    """Takes the values of the columns out of a row; None where the file has no such column."""
    return lambda row: [None if place is None else row[place] for place in places]


def _tokens(name: str, value: object, *, needed: bool = False) -> int:
    if type(value) is int:
        return value
    if value is None or value == "":
        if needed:
            raise ValueError(f"{name} is empty")
        return 0
    text = str(value).strip()
    if not WHOLE.fullmatch(text):
        raise ValueError(f"{name} is not a whole number")
    return int(text.partition(".")[0])


def _flag(value: object) -> bool:
    text = "" if value is None else str(value).strip().lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise ValueError("batch is neither true nor false")


def _moment(value: object) -> date | None:
    """A date, or an instant in UTC; one without a zone is taken as UTC."""
    if value is None or value == "":
        return None
    if not isinstance(value, date):
        text = str(value).strip()
        try:
            value = date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("date is neither a date nor an instant in ISO 8601") from None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value
