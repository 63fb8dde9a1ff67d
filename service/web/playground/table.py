"""The table of the playground: the count and cost of each chosen model, the cheapest first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from pricing_data import Price, cost
from pricing_data.rate_card import input_rate
from tokenizer_registry import Count, ErrorBand, Registry

# The table also shows the cost of this many texts.
TEXTS = 1_000
MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class PlaygroundRow:
    """One model. Amounts are exact USD; the shares are the lengths of bars, in tenths of a percent of the longest."""

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

    def costing(self, amount: Decimal | None) -> "PlaygroundRow":
        """Return the row with another cost."""
        return replace(self, cost=amount, cost_of_many=None if amount is None else amount * TEXTS)


@dataclass(frozen=True, slots=True)
class PlaygroundTable:
    """The rows that are shown, the number of all rows, and the decimals of each column.

    `estimated` is true if any count is an estimate.
    """

    rows: tuple[PlaygroundRow, ...]
    all_rows: int
    models: tuple[str, ...]
    decimals: Mapping[str, int]
    estimated: bool

    @property
    def cheapest(self) -> PlaygroundRow | None:
        """Return the first row if it has a cost."""
        return self.rows[0] if self.rows and self.rows[0].cost is not None else None

    @property
    def dearest(self) -> PlaygroundRow | None:
        """Return the last row with a cost, unless it is the first row or not all rows are shown."""
        priced = [row for row in self.rows if row.cost is not None]
        return priced[-1] if len(priced) > 1 and self.all_rows == len(self.rows) else None


def build_table(
    models: Iterable[str], counts: Iterable[Count], prices: Mapping[str, Price], registry: Registry
) -> PlaygroundTable:
    """Return the counts with their costs, ordered by cost; models without a cost come last."""
    return ordered_table(
        row_of(
            name,
            count.tokens,
            count.method,
            prices.get(name),
            registry,
            error=band(count.error) if count.error else None,
            reason=registry.why_uncounted(name) if count.tokens is None else None,
        )
        for name, count in zip(models, counts, strict=True)
    )


def ordered_table(found: Iterable[PlaygroundRow]) -> PlaygroundTable:
    """Return rows ordered by cost with their bars; models without a cost come last."""
    rows = list(found)
    rows.sort(key=lambda row: (row.cost is None, row.cost or 0, row.tokens is None, row.tokens or 0, row.display_name))
    shown = rows[:MAX_ROWS]
    max_cost = max((row.cost for row in shown if row.cost is not None), default=Decimal(0))
    max_tokens = max((row.tokens for row in shown if row.tokens is not None), default=0)
    return PlaygroundTable(
        tuple(_with_bars(row, max_cost, max_tokens) for row in shown),
        len(rows),
        tuple(row.model for row in rows),
        {
            "cost": _decimals(row.cost for row in shown),
            "cost_of_many": _decimals(row.cost_of_many for row in shown),
            "price": _decimals(row.price and row.price * 1_000_000 for row in shown),
        },
        any(row.method == "estimate" for row in rows),
    )


def row_of(
    name: str,
    tokens: int | None,
    method: str,
    price: Price | None,
    registry: Registry,
    *,
    error: str | None,
    reason: str | None,
) -> PlaygroundRow:
    """Return the row of a model, without its bars."""
    model = registry.models[name]
    unit = input_rate(price, tokens or 0)
    amount = None if tokens is None or unit is None else cost(tokens, unit)
    row = PlaygroundRow(
        model=name,
        display_name=model.display_name,
        author=model.author,
        method=method,
        tokens=tokens,
        price=unit,
        price_state=price.state if price else None,
        cost=None,
        cost_of_many=None,
        error=error,
        reason=reason,
    )
    return row.costing(amount)


def band(error: ErrorBand) -> str:
    """Return an error band in words, such as `−12 to +8 %`."""
    low, high = (f"{abs(share) * 100:.0f}" for share in (error.low, error.high))
    return f"\u2212{low} to +{high} %"


def _with_bars(row: PlaygroundRow, max_cost: Decimal, max_tokens: int) -> PlaygroundRow:
    return replace(
        row,
        cost_share=int(row.cost * 1000 / max_cost) if row.cost and max_cost else 0,
        token_share=row.tokens * 1000 // max_tokens if row.tokens and max_tokens else 0,
    )


def _decimals(values: Iterable[Decimal | None]) -> int:
    """Return the number of decimals of the longest fraction."""
    exponents = (value.normalize().as_tuple().exponent for value in values if value)
    return max((-exponent for exponent in exponents if isinstance(exponent, int) and exponent < 0), default=0)
