"""The age of the prices: told, never fatal."""

from datetime import date, timedelta

from structlog.testing import capture_logs

from pricing_data import PriceBook
from service.prices.freshness import Freshness
from tests.logs import lines_of


def test_an_old_book_is_told_once_a_day() -> None:
    """Up to its greatest age a book is silent; beyond it a sentence names the age, and the log has it once a day."""
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
    """A clock that is behind makes no negative age."""
    book = PriceBook.from_package()
    assert book.age_days(date(2000, 1, 1)) == 0
