"""How far back a book reaches: how many models have a price on some days, and how many since their release."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pricing_data.book import PriceBook
from pricing_data.model_releases import ModelRelease

DAYS = (date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1))
# A price that begins this soon after the release, or before it, reaches back to it.
MAX_DELAY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Coverage:
    """`priced_on` has the count of priced models by day; `since_release` of `released` reach back to their release."""

    priced_on: Mapping[date, int]
    since_release: int
    released: int


def coverage(book: PriceBook, releases: Mapping[str, ModelRelease]) -> Coverage:
    """Return how far a book reaches back, of the models that have a price and a known day of release."""
    firsts = {model: book.history(model)[0].effective_from for model in book.histories}
    known = {model: first for model, first in firsts.items() if model in releases}
    soon = sum(first <= releases[model].released + MAX_DELAY for model, first in known.items())
    return Coverage({day: sum(first <= day for first in firsts.values()) for day in DAYS}, soon, len(known))
