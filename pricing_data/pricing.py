"""The one way from counts to a cost with its lines: used by the API, the commands and files of usage alike."""

from decimal import Decimal
from typing import NamedTuple

from pricing_data.book import PriceBook
from pricing_data.book.row_writing import instant_text
from pricing_data.call_cost import CallCost, CostLine, call_cost
from pricing_data.cost import multiply
from pricing_data.dates import utc_day
from pricing_data.errors import UnpricedUsage
from pricing_data.price import Price, PriceSource
from pricing_data.usage import Terms, Usage


class PricedLine(NamedTuple):
    """One rate that a call is charged at: `count` times `rate` is `amount`, in USD; `path` names it in the row."""

    kind: str
    unit: str
    count: int | Decimal  # type: ignore[assignment]  # in place of the method of tuples
    rate: Decimal
    amount: Decimal
    path: str
    price: Price

    @property
    def row(self) -> str:
        """Return the id of the row that states the rate: its model and the instant from which it holds."""
        return row_id(self.price)

    @property
    def source(self) -> PriceSource:
        """Return who states the rate."""
        return self.price.statement(self.path).source

    @property
    def state(self) -> str:
        """Return how sure the rate is, one of `pricing_data.price.STATES`."""
        return self.price.statement(self.path).state


class PricedCall(NamedTuple):
    """What a call costs, in USD, exactly. Without a `total` there is a `reason`; `price` is the row that was used."""

    total: Decimal | None
    lines: tuple[PricedLine, ...]
    reason: str | None
    price: Price | None


class CallTotal(NamedTuple):
    """What a call costs, in USD, without its lines: those are in `cost`. Without a `usd` there is a `reason`."""

    usd: Decimal | None
    cost: CallCost | None
    reason: str | None
    price: Price | None


def price_counts(
    book: PriceBook, model: str, usage: Usage, terms: Terms, *, input_tokens_of_each: int | None = None
) -> PricedCall:
    """Return what counts of one model come to on the given terms. What cannot be priced has its reason, never a guess.

    `model` is a name of the book. For several calls together, `input_tokens_of_each` is an input that reaches the
    same tier as each of theirs. Raise nothing: an impossible usage and an instant without a zone are reasons too.
    """
    total = total_of_counts(book, model, usage, terms, input_tokens_of_each=input_tokens_of_each)
    return PricedCall(total.usd, lines_of(total), total.reason, total.price)


def total_of_counts(
    book: PriceBook, model: str, usage: Usage, terms: Terms, *, input_tokens_of_each: int | None = None
) -> CallTotal:
    """Return the total alone of what `price_counts` returns, for many rows."""
    price = None
    try:
        price = book.price(model, terms.at)
        if price is None:
            return CallTotal(None, None, _no_price(book, model, terms), None)
        cost = call_cost(price, usage, terms, input_tokens_of_each=input_tokens_of_each)
        return CallTotal(cost.total, cost, None, price)
    except UnpricedUsage as fault:
        return CallTotal(None, None, fault.reason, price)
    except ValueError as fault:
        return CallTotal(None, None, str(fault), None)


def lines_of(total: CallTotal) -> tuple[PricedLine, ...]:
    """Return a line for each rate that a total was made with; none if there is no total."""
    return () if total.cost is None else tuple(_line(line, total.cost.price) for line in total.cost.lines)


def row_id(price: Price) -> str:
    """Return what names a row of the book: "gpt-4o@2024-05-13"; of an operator's own price as well."""
    return f"{price.model}@{instant_text(price.effective_from, price.effective_at)}"


def _no_price(book: PriceBook, model: str, terms: Terms) -> str:
    if book.history(model) or book.overrides.get(model):
        return book.why_unpriced(model, utc_day(terms.at))
    return f"no price of {model} is known"


def _line(line: CostLine, price: Price) -> PricedLine:
    amount = multiply(line.count, line.rate)
    return PricedLine(line.kind, line.unit, line.count, line.rate, amount, line.path, price)
