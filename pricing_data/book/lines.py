"""The lines of a price book, each read when it is asked for: a command that needs one model does not read them all."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pricing_data.book.row_fields import BadField
from pricing_data.book.row_reading import parse
from pricing_data.book.row_writing import instant_text
from pricing_data.errors import DamagedBook
from pricing_data.price import Price

# The beginning and the end of a row as `dump` writes them; another row is read whole.
_HEAD = re.compile(
    rb'\{"model":"([^"\\]+)","effective_from":"(\d{4}-\d\d-\d\d(?:T(?!00:00Z)\d\d:\d\d(?::\d\d)?(?=Z))?)Z?","basis"',
    re.ASCII,
)
_TAIL = re.compile(rb'"recorded_at":"(\d{4}-\d\d-\d\d)"(,"corrects":")?', re.ASCII)
_TAIL_MARK = b'"recorded_at":"'


class RowKey(NamedTuple):
    """What orders a row; `begins` is its instant in UTC: "2026-08-16", "2026-08-16T16:00"."""

    model: str
    begins: str
    recorded_at: str
    corrects: bool


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """A source file that a refresh read."""

    package: str
    version: str
    sha256: str


def key_of(line: bytes) -> RowKey:
    """Return what orders the row on a line, from its beginning and end where they are as usual. Raise BadField."""
    key, tail = _HEAD.match(line), _TAIL.match(line, max(0, line.rfind(_TAIL_MARK)))
    if key is None or tail is None:
        return _key_of_row(parse(line.decode()))
    return RowKey(key[1].decode(), key[2].decode(), tail[1].decode(), tail[2] is not None)


def _key_of_row(row: Price) -> RowKey:
    begins = instant_text(row.effective_from, row.effective_at).removesuffix("Z")
    return RowKey(row.model, begins, row.recorded_at.isoformat(), row.corrects is not None)


class BookLines:
    """All lines of a file in file order, the day of the last refresh, what it read, and the last row's check.

    Rows are read at their first use and kept. One that breaks a rule though its seal is right raises DamagedBook then.
    """

    def __init__(
        self,
        path: Path,
        lines: Sequence[bytes],
        keys: Sequence[RowKey],
        refreshed_at: date,
        source_versions: tuple[SourceVersion, ...],
        check: str,
    ) -> None:
        self.path = path
        self.lines = lines
        self.keys = keys
        self.refreshed_at = refreshed_at
        self.source_versions = source_versions
        self.check = check
        self._read: dict[int, Price] = {}

    @cached_property
    def rows(self) -> tuple[Price, ...]:
        """Return all rows. Raise DamagedBook, which names the line."""
        return tuple(map(self.row, range(len(self.lines))))

    def row(self, place: int) -> Price:
        """Return the row at a place, the first is 0. Raise DamagedBook, which names the line."""
        if (row := self._read.get(place)) is None:
            try:
                row = self._read[place] = parse(self.lines[place].decode())
            except BadField as fault:
                raise DamagedBook(self.path, place + 1, fault.field, fault.reason) from fault
        return row

    @property
    def recorded_at(self) -> date | None:
        """Return the newest day of recording, None without a row. Days of recording never fall."""
        return date.fromisoformat(self.keys[-1].recorded_at) if self.keys else None

    @cached_property
    def places(self) -> Mapping[str, Sequence[int]]:
        """Return the places of the rows of each model, in order of recording."""
        found: dict[str, list[int]] = {}
        for place, key in enumerate(self.keys):
            found.setdefault(key.model, []).append(place)
        return found


class Histories(Mapping[str, tuple[Price, ...]]):
    """The rows that hold, oldest first, by model. Of several from one instant, the last one recorded holds."""

    def __init__(self, contents: BookLines) -> None:
        self._contents = contents
        self._timelines: dict[str, tuple[list[datetime], list[int]]] = {}

    def __getitem__(self, model: str) -> tuple[Price, ...]:
        return tuple(map(self._contents.row, self._timeline(model)[1]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents.places)

    def __len__(self) -> int:
        return len(self._contents.places)

    def __contains__(self, model: object) -> bool:
        return model in self._contents.places

    def at(self, model: str, instant: datetime) -> Price | None:
        """Return the row that holds at an aware instant, the only one that is read."""
        timeline = self._timelines.get(model)
        if timeline is None:
            if model not in self._contents.places:
                return None
            timeline = self._timeline(model)
        found = bisect_right(timeline[0], instant)
        return self._contents.row(timeline[1][found - 1]) if found else None

    def _timeline(self, model: str) -> tuple[list[datetime], list[int]]:
        """The instants from which rows hold, and their places."""
        if (found := self._timelines.get(model)) is None:
            places = {self._begins(place): place for place in self._contents.places[model]}
            ordered = sorted(places.items())
            found = self._timelines[model] = [begins for begins, _ in ordered], [place for _, place in ordered]
        return found

    def _begins(self, place: int) -> datetime:
        try:
            return datetime.fromisoformat(self._contents.keys[place].begins).replace(tzinfo=UTC)
        except ValueError:
            return self._contents.row(place).begins
