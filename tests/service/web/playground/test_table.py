"""The playground's table: what each chosen model's count costs."""

from datetime import date
from decimal import Decimal

from pricing_data import PriceBook
from service.web.playground.table import build_table
from tokenizer_registry import Count, Registry

MODEL, DAY = "gemini-2.5-pro", date(2026, 11, 21)


def test_a_count_costs_what_its_context_tier_asks() -> None:
    """On both sides of a tier's bound the row shows the price that holds for the whole text, and its cost."""
    registry, price = Registry.from_package(), PriceBook.from_package().price(MODEL, DAY)
    assert price is not None
    for tokens, unit in ((200_000, Decimal("0.00000125")), (200_001, Decimal("0.0000025"))):
        counted = Count(tokens, "gemma3", "exact")
        (row,) = build_table([MODEL], [counted], {MODEL: price}, registry).rows
        assert (row.price, row.cost) == (unit, tokens * unit)
