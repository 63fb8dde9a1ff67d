"""Prices counts of a model with the book, with a line for each rate: for the API, the commands and usage files."""

from decimal import Decimal
from typing import NamedTuple

from pricing_data.book import PriceBook
from pricing_data.book.row_writing import instant_text
from pricing_data.call_cost import CallCost, CostLine, call_cost
from pricing_data.cost import multiply
from pricing_data.errors import BadUsage, UnpricedUsage
from pricing_data.named_models import NamedModel
from pricing_data.named_prices import no_price, price_of
from pricing_data.price import Price, PriceSource
from pricing_data.usage import Terms, Usage


class PricedLine(NamedTuple):
    """One rate that a call is charged at: `count` times `rate` is `amount`, in USD; `path` is its path in the row."""

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
    """The exact cost of a call in USD and the row in `price`; without a `total`, `reason` says why."""

    total: Decimal | None
    lines: tuple[PricedLine, ...]
    reason: str | None
    price: Price | None


class CallTotal(NamedTuple):
    """The exact total of a call in USD; `cost` computes its lines on demand. Without `usd`, `reason` says why."""

    usd: Decimal | None
    cost: CallCost | None
    reason: str | None
    price: Price | None


def price_counts(
    book: PriceBook, model: str | NamedModel, usage: Usage, terms: Terms, *, input_tokens_of_each: int | None = None
) -> PricedCall:
    """Return the cost of counts of one model on the given terms, or the reason why there is none.

    `model` is a name of the book, or a model as a caller names it. For the sum of several calls, `input_tokens_of_each` is a prompt size in the context
    tier of each of them. Raise nothing: an invalid usage and an instant without a zone are reasons too.
    """
    total = total_of_counts(book, model, usage, terms, input_tokens_of_each=input_tokens_of_each)
    return PricedCall(total.usd, lines_of(total), total.reason, total.price)


def total_of_counts(
    book: PriceBook, model: str | NamedModel, usage: Usage, terms: Terms, *, input_tokens_of_each: int | None = None
) -> CallTotal:
    """Return what `price_counts` does without computing lines, which is faster."""
    price = None
    try:
        if isinstance(model, str):
            price = book.price(model, terms.at)
        else:
            terms, price = model.terms(terms), price_of(book, model, terms.at)
        if price is None:
            name = model if isinstance(model, str) else model.model
            return CallTotal(None, None, no_price(book, name, terms.at), None)
        cost = call_cost(price, usage, terms, input_tokens_of_each=input_tokens_of_each)
        return CallTotal(cost.total, cost, None, price)
    except UnpricedUsage as fault:
        return CallTotal(None, None, fault.reason, price)
    except BadUsage as fault:
        return CallTotal(None, None, str(fault), None)
    except ValueError as fault:
        return CallTotal(None, None, str(fault), None)


def lines_of(total: CallTotal) -> tuple[PricedLine, ...]:
    """Return a line for each rate charged; none if there is no total."""
    return () if total.cost is None else tuple(_line(line, total.cost.price) for line in total.cost.lines)


def row_id(price: Price) -> str:
    """Return the id of a row, or of an operator's own price: "gpt-4o@2024-05-13"."""
    return f"{price.model}@{instant_text(price.effective_from, price.effective_at)}"


def _line(line: CostLine, price: Price) -> PricedLine:
    amount = multiply(line.count, line.rate)
    return PricedLine(line.kind, line.unit, line.count, line.rate, amount, line.path, price)
