"""The rows of the playground's table: every chosen model with its count and cost, the cheapest first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from pricing_data import Price, cost
from pricing_data.rate_card import input_rate
from tokenizer_registry import Count, ErrorBand, Registry

TEXTS = 1_000
MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One model. Amounts are USD, exact; `share` of a bar is in tenths of a percent of the widest."""

    model: str
    display_name: str
    author: str
    method: str
    tokens: int | None
    price: Decimal | None
    price_state: str | None
    cost: Decimal | None
    cost_of_many: Decimal | None
    error: str | None
    reason: str | None
    cost_share: int = 0
    token_share: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """The rows that are shown, how many there are in all, and the decimals that a column needs.

    `estimated`: any of the counts is an estimate.
    """

    rows: tuple[Row, ...]
    all_rows: int
    models: tuple[str, ...]
    decimals: Mapping[str, int]
    estimated: bool

    @property
    def cheapest(self) -> Row | None:
        """The first row, if it has a cost."""
        return self.rows[0] if self.rows and self.rows[0].cost is not None else None

    @property
    def dearest(self) -> Row | None:
        """The last row that has a cost, if it is another than the first."""
        priced = [row for row in self.rows if row.cost is not None]
        return priced[-1] if len(priced) > 1 and self.all_rows == len(self.rows) else None


def table(models: Iterable[str], counts: Iterable[Count], prices: Mapping[str, Price], registry: Registry) -> Table:
    """Counts and prices together, by cost; what has none comes last."""
    rows = [_row(name, count, prices.get(name), registry) for name, count in zip(models, counts, strict=True)]
    rows.sort(key=lambda row: (row.cost is None, row.cost or 0, row.tokens is None, row.tokens or 0, row.display_name))
    shown = rows[:MAX_ROWS]
    most_cost = max((row.cost for row in shown if row.cost is not None), default=Decimal(0))
    most_tokens = max((row.tokens for row in shown if row.tokens is not None), default=0)
    return Table(
        tuple(_with_bars(row, most_cost, most_tokens) for row in shown),
        len(rows),
        tuple(row.model for row in rows),
        {
            "cost": _decimals(row.cost for row in shown),
            "cost_of_many": _decimals(row.cost_of_many for row in shown),
            "price": _decimals(row.price and row.price * 1_000_000 for row in shown),
        },
        any(row.method == "estimate" for row in rows),
    )


def _row(name: str, count: Count, price: Price | None, registry: Registry) -> Row:
    model = registry.models[name]
    unit = input_rate(price, count.tokens or 0)
    amount = None if count.tokens is None or unit is None else cost(count.tokens, unit)
    return Row(
        model=name,
        display_name=model.display_name,
        author=model.author,
        method=count.method,
        tokens=count.tokens,
        price=unit,
        price_state=price.state if price else None,
        cost=amount,
        cost_of_many=None if amount is None else amount * TEXTS,
        error=band(count.error) if count.error else None,
        reason=registry.why_uncounted(name) if count.tokens is None else None,
    )


def band(error: ErrorBand) -> str:
    """`−12 to +8 %`."""
    low, high = (f"{abs(share) * 100:.0f}" for share in (error.low, error.high))
    return f"\u2212{low} to +{high} %"


def _with_bars(row: Row, most_cost: Decimal, most_tokens: int) -> Row:
    return replace(
        row,
        cost_share=int(row.cost * 1000 / most_cost) if row.cost and most_cost else 0,
        token_share=row.tokens * 1000 // most_tokens if row.tokens and most_tokens else 0,
    )


def _decimals(values: Iterable[Decimal | None]) -> int:
    """The most decimals of a column."""
    exponents = (value.normalize().as_tuple().exponent for value in values if value)
    return max((-exponent for exponent in exponents if isinstance(exponent, int) and exponent < 0), default=0)
