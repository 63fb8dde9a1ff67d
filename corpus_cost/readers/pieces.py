"""Read any piece of a source as batches of texts."""

import hashlib
import random
from collections.abc import Iterable, Iterator

from corpus_cost.errors import NOT_UTF8, TextFault, Unreadable, text_too_long
from corpus_cost.readers.csv_rows import csv_records
from corpus_cost.readers.lines import line_records
from corpus_cost.readers.parquet import parquet_batches
from corpus_cost.readers.records import BatchCollector, TextBatch, TextRecord, without_mark
from corpus_cost.shards import Grid, Hits, PieceRange, SourcePiece, Stripe
from corpus_cost.sources import TextFormat, TextSource, open_source
from corpus_cost.workload import ReadOptions


def read_batches(piece: SourcePiece, reading: ReadOptions) -> Iterator[TextBatch]:
    """Yield the batches of a piece. Raise Unreadable after the batches that could be read."""
    source, part, _ = piece
    found = _all_batches(source, part, reading)
    match part:
        case Stripe(number, of):
            yield from (batch for place, batch in enumerate(found) if place % of == number)
        case Grid():
            yield from GridPoints(source, part).chosen(found)
        case _:
            yield from found


def _all_batches(source: TextSource, part: PieceRange, reading: ReadOptions) -> Iterator[TextBatch]:
    if source.format is TextFormat.PARQUET:
        return parquet_batches(source, part, reading)
    unit = unit_of(source.format)
    return BatchCollector(source.name, reading, unit).batches(_records(source, part, reading))


def unit_of(form: TextFormat) -> str:
    """Return what positions in sources of a format count."""
    return "row" if form in (TextFormat.CSV, TextFormat.TSV, TextFormat.PARQUET) else "byte"


def _records(source: TextSource, part: PieceRange, reading: ReadOptions) -> Iterator[TextRecord | TextFault]:
    match source.format:
        case TextFormat.CSV | TextFormat.TSV:
            return csv_records(source, reading)
        case TextFormat.TEXT:
            return read_whole_text(source, reading, part.points if isinstance(part, Hits) else 0)
        case _:
            return line_records(source, part, reading)


class GridPoints:
    """Selects the texts of a sample from the batches of a source that is read through.

    There is one random point in each stretch of `grid.every` bytes, and texts that contain points are kept. A text
    measures its bytes and one more for its end.
    """

    def __init__(self, source: TextSource, grid: Grid) -> None:
        seed = hashlib.sha256(f"{grid.seed}\n{source.url}".encode()).digest()
        self._random = random.Random(seed)  # noqa: S311 (a sample that can be drawn again, not a secret)
        self._every = grid.every
        self._at = 0
        self._stretch = 0
        self._next = self._random.randrange(grid.every)

    def chosen(self, batches: Iterable[TextBatch]) -> Iterator[TextBatch]:
        """Yield the batches with the sampled texts alone, and with the number of bytes they were sampled from."""
        for batch in batches:
            hits = [self._hits(size + 1) for size in batch.sizes]
            kept = [place for place, hit in enumerate(hits) if hit]
            yield batch.chosen(kept)._replace(
                nulls=batch.nulls,
                faults=batch.faults,
                points=tuple(hits[place] for place in kept),
                measures=tuple(batch.sizes[place] + 1 for place in kept),
                measured=sum(batch.sizes) + len(batch.sizes),
            )

    def _hits(self, measure: int) -> int:
        """Return the number of points in the next `measure` bytes."""
        self._at += measure
        hits = 0
        while self._next < self._at:
            hits += 1
            self._stretch += self._every
            self._next = self._stretch + self._random.randrange(self._every)
        return hits


def read_whole_text(source: TextSource, reading: ReadOptions, points: int = 0) -> Iterator[TextRecord]:
    """Yield the text of a file as one record. Raise Unreadable."""
    limit = reading.max_text_bytes
    with open_source(source) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise Unreadable(source.name, text_too_long(max(source.size, limit + 1), limit))
    yield TextRecord(0, _decode_text(source, reading, content), 0, points, source.size + 1)


def _decode_text(source: TextSource, reading: ReadOptions, content: bytes) -> str:
    if reading.encoding == "utf-8" and (zero := content.find(0)) >= 0:
        marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        reason = (
            "it looks like UTF-16; name its --encoding."
            if marked
            else f"it is binary: byte {zero} is 0; leave it out, or name its --encoding."
        )
        raise Unreadable(source.name, reason)
    try:
        return without_mark(content.decode(reading.encoding))
    except UnicodeDecodeError as fault:
        raise Unreadable(source.name, f"byte {fault.start}: {NOT_UTF8}") from None
