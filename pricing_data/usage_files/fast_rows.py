"""The short way for the rows that large files are full of; what it gives is what the long way gives."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from pricing_data.price import STANDARD
from pricing_data.usage import Terms, Usage
from pricing_data.usage_files import values
from pricing_data.usage_files.layout import THINGS, TOKEN_COUNTS, ExportLayout
from pricing_data.usage_files.row import RowCells, UsageRow

COUNTS = (*TOKEN_COUNTS, *THINGS)
TERM_CELLS = ("service_tier", "speed", "batch", "region", "context_window")
NEEDED = frozenset({"model", "date", "input_tokens"})


class RowTerms(NamedTuple):
    """How a call was made."""

    service: str
    region: str | None
    long_context: bool | None


PLAIN = RowTerms(STANDARD, None, None)


class FastRowReader(NamedTuple):
    """The short way for rows with a model, an instant and plain numbers alone, which most rows of large files are."""

    known_at: dict[str, date]
    known_how: dict[tuple[str, ...], RowTerms]
    model: int
    day: int
    counts: tuple[str, ...]
    places: tuple[int, ...]
    how: tuple[int, ...]

    @classmethod
    def of(
        cls,
        layout: ExportLayout,
        places: Mapping[str, int],
        known_at: dict[str, date],
        known_how: dict[tuple[str, ...], RowTerms],
    ) -> "FastRowReader | None":
        """Return the short way for a file, None if it has columns that the short way does not know.

        The instants and terms that were read the long way are taken from `known_at` and `known_how`.
        """
        plain = layout.prepare is None and layout.input_is_whole and layout.cache_is_known
        counts = tuple(name for name in COUNTS if name in places)
        known = {"model", "date", *counts, *TERM_CELLS}
        if not plain or layout.is_costs or layout.sums_calls or not known.issuperset(places):
            return None
        if not NEEDED.issubset(places):
            return None
        how = tuple(places[name] for name in TERM_CELLS if name in places)
        at_counts = tuple(places[name] for name in counts)
        return cls(known_at, known_how, places["model"], places["date"], counts, at_counts, how)

    def read(self, number: int, row: RowCells) -> UsageRow | None:
        """Return what a row says, None if it is no usual one."""
        model, when = row[self.model], row[self.day]
        if type(model) is not str or not model or model in values.NOTHING_AS_WRITTEN or type(when) is not str:
            return None
        found: dict[str, Any] = {}
        for name, place in zip(self.counts, self.places, strict=True):
            cell = row[place]
            if type(cell) is not str or not cell.isdecimal() or not cell.isascii() or len(cell) > values.MAX_DIGITS:
                return None
            found[name] = int(cell)
        at = self.known_at.get(when) or values.usual_instant(when)
        how = self._how(row) if self.how else PLAIN
        if at is None or how is None:
            return None
        terms = Terms(at, how.service, how.region)
        return UsageRow(number, model.strip(), at, Usage(**found), terms, 1, how.long_context)

    def _how(self, row: RowCells) -> RowTerms | None:
        key: list[str] = []
        for place in self.how:
            cell = row[place]
            if type(cell) is not str:
                return None
            key.append(cell)
        return self.known_how.get(tuple(key))
