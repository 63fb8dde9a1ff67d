"""The age of the prices. An old book is reported in the log and at /ready; it never stops a call."""

from collections.abc import Callable
from datetime import date

import structlog

from pricing_data import PriceBook


class Freshness:
    """Watches the age of a book against the most days that it should have."""

    def __init__(self, book: PriceBook, max_age_days: int, today: Callable[[], date]) -> None:
        self.book = book
        self.max_age_days = max_age_days
        self.today = today
        self._logged_on: date | None = None
        self._log = structlog.get_logger("prices")

    def remark(self) -> str | None:
        """Return a sentence if the book is older than it should be, and log it once a day."""
        day = self.today()
        age = self.book.age_days(day)
        if age <= self.max_age_days:
            return None
        if self._logged_on != day:
            self._logged_on = day
            self._log.warning("prices_are_old", age_days=age, max_age_days=self.max_age_days, version=self.book.version)
        return f"The prices were last refreshed {age} days ago; `weighbridge prices refresh` renews them."
