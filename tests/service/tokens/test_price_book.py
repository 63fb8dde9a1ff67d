"""Which price book is used, and what is reported of an operator's own prices."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pricing_data import BadPricesFile, PriceBook
from service.tokens.price_book import book_in_use, lapsed, newest_book, outside_catalogue, refreshed_path
from service.tokens.price_freshness import Freshness
from tests.logs import lines_of

OWN = """
[[override]]
model = "gpt-4o"
effective_from = 2026-01-01
input = "0.000001"
replaces = "{replaces}"
url = "https://example.org"
reason = "r"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a file with an override of gpt-4o that replaces this price of the book."""
    path = tmp_path / "own.toml"
    path.write_text(OWN.format(replaces="0.0000025"), encoding="utf-8")
    return path


def test_without_a_refresh_the_packaged_book_is_used(tmp_path: Path) -> None:
    """A data folder without a book, or none at all, is no fault."""
    book, _ = newest_book(tmp_path / "nowhere")
    assert book.version == PriceBook.from_package().version
    assert not refreshed_path(tmp_path / "nowhere").exists()


def test_own_prices_lie_over_the_book(tmp_path: Path, own: Path) -> None:
    """An override that holds gives no warning; one that the book has overtaken gives a warning with the reason."""
    today = date(2026, 11, 21)
    book = book_in_use(tmp_path, own, {"gpt-4o"})
    assert lapsed(book, today) == []
    own.write_text(OWN.format(replaces="0.000003"), encoding="utf-8")
    assert lapsed(book_in_use(tmp_path, own, {"gpt-4o"}), today) == [
        "your own price of gpt-4o from 2026-01-01 is no longer valid: the book gave 0.0000025, not 0.000003"
    ]


def test_a_name_outside_the_catalogue_is_priced_and_named(tmp_path: Path, own: Path) -> None:
    """An operator may price a name that the catalogue lacks; it is listed, so that a misspelt one is noticed."""
    book = book_in_use(tmp_path, own, {"gpt-4"})
    assert book.overrides["gpt-4o"][0].holds(date(2026, 11, 21))
    assert outside_catalogue(book, {"gpt-4"}) == ["gpt-4o"]
    assert outside_catalogue(book, {"gpt-4", "gpt-4o"}) == []


def test_a_correction_of_a_name_that_is_no_model_is_refused(tmp_path: Path, own: Path) -> None:
    """A correction of a name that is not in the catalogue stops the start."""
    text = own.read_text(encoding="utf-8").replace("[[override]]", "[[correction]]")
    own.write_text(text.replace('replaces = "0.0000025"', ""), encoding="utf-8")
    with pytest.raises(BadPricesFile, match="gpt-4o is not a model"):
        book_in_use(tmp_path, own, {"gpt-4"})


def test_an_old_book_is_told_once_a_day() -> None:
    """A book above its maximum age gives a sentence with the age, and a log line once a day."""
    book = PriceBook.from_package()
    days = [book.refreshed_at + timedelta(days=30)]
    with capture_logs() as logs:
        freshness = Freshness(book, 30, lambda: days[-1])
        assert freshness.remark() is None
        for _ in range(2):
            days.append(days[-1] + timedelta(days=1))
            for _ in range(3):
                remark = freshness.remark()
                assert remark is not None
                assert "days ago" in remark
    assert [line["age_days"] for line in lines_of("prices_are_old", logs)] == [31, 32]


def test_a_book_from_tomorrow_is_not_old() -> None:
    """With a clock that is behind, the age is not negative."""
    book = PriceBook.from_package()
    assert book.age_days(date(2000, 1, 1)) == 0
