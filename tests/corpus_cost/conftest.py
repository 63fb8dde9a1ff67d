"""What the tests of estimates share: the shipped vocabularies and prices."""

from datetime import date

import pytest

from pricing_data import PriceBook
from tokenizer_registry import Registry

DAY = date(2026, 11, 21)


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The shipped vocabularies, each loaded at its first use."""
    return Registry.from_package()


@pytest.fixture(scope="session")
def book() -> PriceBook:
    """Return the price book of the package."""
    return PriceBook.from_package()
