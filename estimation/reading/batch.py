"""Batches of texts: small enough that memory stays bounded, large enough that engines work at their speed."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from estimation.fault import SURROGATE, Fault, too_long

BATCH_BYTES = 1 << 20
BATCH_TEXTS = 4_096


class Reading(NamedTuple):
    """How texts are found in a source. A text over `max_text_bytes` of UTF-8 is refused."""

    text_column: str = "text"
    output_column: str | None = None
    encoding: str = "utf-8"
    max_text_bytes: int = 16 << 20


class Record(NamedTuple):
    """One text where it was found; None is a null. `points` and `measure` are of a sample: hits, and bytes."""

    position: int
    text: str | None
    output_tokens: int = 0
    points: int = 0
    measure: int = 0


class Batch(NamedTuple):
    """Texts by column. `positions` are byte offsets or row numbers; `sizes` are bytes of UTF-8.

    `measured` is how many bytes a sample was drawn from here; `points` and `measures` are empty without a sample.
    """

    positions: list[int]
    texts: list[str]
    sizes: list[int]
    outputs: list[int] | None = None
    nulls: int = 0
    faults: tuple[Fault, ...] = ()
    points: tuple[int, ...] = ()
    measures: tuple[int, ...] = ()
    measured: int = 0


class Collector:
    """Gathers records and faults into batches."""

    def __init__(self, source: str, reading: Reading, unit: str) -> None:
        self._source = source
        self._reading = reading
        self._unit = unit
        self._records: list[tuple[Record, str, int]] = []
        self._faults: list[Fault] = []
        self._nulls = 0
        self._bytes = 0

    def batches(self, records: Iterable[Record | Fault]) -> Iterator[Batch]:
        """All records, in batches; what breaks the reading comes after the batch of what was read before."""
        try:
            for record in records:
                self._take(record)
                if self._bytes >= BATCH_BYTES or len(self._records) + self._nulls + len(self._faults) >= BATCH_TEXTS:
                    yield self._batch()
        except Exception:
            yield self._batch()
            raise
        yield self._batch()

    def _take(self, record: Record | Fault) -> None:
        if isinstance(record, Fault):
            self._faults.append(record)
        elif record.text is None:
            self._nulls += 1
        else:
            self._measure(record, record.text)

    def _measure(self, record: Record, text: str) -> None:
        try:
            size = len(text) if text.isascii() else len(text.encode())
        except UnicodeEncodeError:
            self._faults.append(Fault(self._source, f"{self._unit} {record.position}", SURROGATE))
            return
        if size > self._reading.max_text_bytes:
            reason = too_long(size, self._reading.max_text_bytes)
            self._faults.append(Fault(self._source, f"{self._unit} {record.position}", reason))
            return
        self._records.append((record, text, size))
        self._bytes += size

    def _batch(self) -> Batch:
        rows, faults, nulls = self._records, tuple(self._faults), self._nulls
        self._records, self._faults, self._nulls, self._bytes = [], [], 0, 0
        return Batch(
            [record.position for record, _, _ in rows],
            [text for _, text, _ in rows],
            [size for _, _, size in rows],
            [record.output_tokens for record, _, _ in rows] if self._reading.output_column else None,
            nulls,
            faults,
            tuple(record.points for record, _, _ in rows if record.points),
            tuple(record.measure for record, _, _ in rows if record.points),
        )
