"""Tokens to cost: dated, sourced prices, and one exact multiplication. Knows no tokenizer and no HTTP."""

from pricing_data.book import PriceBook
from pricing_data.cost import cost, plain
from pricing_data.errors import BadSource, DamagedBook, DamagedCuration, PricingError
from pricing_data.price import Opinion, Price, Rates, Source, Tariff, Tier, Window

__all__ = [
    "BadSource",
    "DamagedBook",
    "DamagedCuration",
    "Opinion",
    "Price",
    "PriceBook",
    "PricingError",
    "Rates",
    "Source",
    "Tariff",
    "Tier",
    "Window",
    "cost",
    "plain",
]
