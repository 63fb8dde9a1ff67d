"""Rates, and calls under a tariff, for tests of what a call costs."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pricing_data.call_cost import CallCost, call_cost
from pricing_data.price import Price, Rates, Tariff
from pricing_data.usage import Terms, Usage
from tests.pricing_data.conftest import price

DAY = date(2026, 3, 1)
RATES = Rates(Decimal("0.000002"), Decimal("0.000008"), Decimal("0.0000002"), Decimal("0.0000025"))
LONG = Rates(Decimal("0.000004"), Decimal("0.000012"), Decimal("0.0000004"), Decimal("0.000005"))
LONGER = Rates(Decimal("0.000006"), Decimal("0.000018"), Decimal("0.0000006"), Decimal("0.0000075"))
HALF = Rates(Decimal("0.000001"), Decimal("0.000004"), Decimal("0.0000001"))
NIGHT = Rates(Decimal("0.000001"), Decimal("0.000002"))


def row(tariff: Tariff) -> Price:
    """A row with a tariff, for the model a."""
    return replace(price("a", date(2026, 1, 1)), tariff=tariff)


def cost_of(tariff: Tariff, usage: Usage, at: date = DAY, **others: Any) -> CallCost:
    """The cost of a call under a tariff."""
    return call_cost(row(tariff), usage, Terms(at, **others))
