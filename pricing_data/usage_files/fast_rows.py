"""Fast path for plain rows, which most rows of large files are. Same results as `RowReader`."""

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
    """Service, region and context length of a call, as a row states them."""

    service: str
    region: str | None
    long_context: bool | None


PLAIN = RowTerms(STANDARD, None, None)


class FastRowReader(NamedTuple):
    """Reads rows with a model, an instant in UTC and plain whole numbers only."""

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
        """Return the fast reader for a file, None if the layout or a column needs the full reader.

        `known_at` and `known_how` are the caches of the full reader: instants and terms by their cells.
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
        """Return a plain row, None for any other, which the full reader reads."""
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
