"""Tokens to cost: dated, sourced prices, and one exact multiplication. Knows no tokenizer and no HTTP."""

from pricing_data.book import PriceBook
from pricing_data.call_cost import CallCost
from pricing_data.cost import cost, plain
from pricing_data.errors import (
    BadPricesFile,
    BadSource,
    DamagedBook,
    DamagedCuration,
    OlderSource,
    PricingError,
    UnpricedUsage,
)
from pricing_data.price import Opinion, Price, PriceSource, Rates, Service, Statement, Tariff, Tier, Window
from pricing_data.usage import Terms, Usage

__all__ = [
    "BadPricesFile",
    "BadSource",
    "CallCost",
    "DamagedBook",
    "DamagedCuration",
    "OlderSource",
    "Opinion",
    "Price",
    "PriceBook",
    "PriceSource",
    "PricingError",
    "Rates",
    "Service",
    "Statement",
    "Tariff",
    "Terms",
    "Tier",
    "UnpricedUsage",
    "Usage",
    "Window",
    "cost",
    "plain",
]
