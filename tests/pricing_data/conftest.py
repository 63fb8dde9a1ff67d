"""A price and a book to build tests on."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data.book import PriceBook
from pricing_data.book.file import book_text
from pricing_data.price import Price, PriceSource, Rates, Tariff

SHA256 = "0" * 64


def price(
    model: str = "a",
    effective_from: date = date(2026, 1, 1),
    amount: str = "0.000001",
    recorded_at: date = date(2026, 6, 1),
    package: str = "genai-prices",
    state: str = "single",
) -> Price:
    """A row with an input price and nothing unusual."""
    source = PriceSource(package, "1.0", SHA256, "maker", model)
    tariff = Tariff(Rates(Decimal(amount)))
    return Price(model, effective_from, "upstream_dated", tariff, source, (), state, recorded_at)


@pytest.fixture
def book_of(tmp_path: Path) -> Callable[..., PriceBook]:
    """Writes rows to a file and reads them back as a book."""

    def write(*rows: Price) -> PriceBook:
        path = tmp_path / "prices.jsonl"
        path.write_text(book_text(rows, max(row.recorded_at for row in rows), []), encoding="utf-8")
        return PriceBook.from_file(path)

    return write
