"""The age of the price book. An old book is reported in the log and at /ready; calls are still answered."""

from collections.abc import Callable
from datetime import date

import structlog

from pricing_data import PriceBook


class Freshness:
    """Compares the age of a price book with the maximum number of days. `today` returns the UTC date."""

    def __init__(self, book: PriceBook, max_age_days: int, today: Callable[[], date]) -> None:
        self.book = book
        self.max_age_days = max_age_days
        self.today = today
        self._logged_on: date | None = None
        self._log = structlog.get_logger("prices")

    def remark(self) -> str | None:
        """Return a sentence if the book is too old, and log a warning once a day; otherwise return None."""
        day = self.today()
        age = self.book.age_days(day)
        if age <= self.max_age_days:
            return None
        if self._logged_on != day:
            self._logged_on = day
            self._log.warning("prices_are_old", age_days=age, max_age_days=self.max_age_days, version=self.book.version)
        return f"The prices were last refreshed {age} days ago. Run `weighbridge prices refresh`."
