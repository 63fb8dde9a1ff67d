"""The batches of any piece."""

from collections.abc import Iterator

from estimation.fault import Fault
from estimation.piece import Grid, Hits, Part, Piece, Stripe
from estimation.reading.batch import Batch, Collector, Reading, Record
from estimation.reading.csv_rows import csv_records
from estimation.reading.grid import GridPoints
from estimation.reading.lines import line_records
from estimation.reading.parquet import parquet_batches
from estimation.reading.text_file import whole_text
from estimation.source import Format, Source


def batches_of(piece: Piece, reading: Reading) -> Iterator[Batch]:
    """The batches of a piece. Raises Unreadable, after what could be read."""
    source, part, _ = piece
    found = _all_batches(source, part, reading)
    match part:
        case Stripe(number, of):
            yield from (batch for place, batch in enumerate(found) if place % of == number)
        case Grid():
            yield from GridPoints(source, part).chosen(found)
        case _:
            yield from found


def _all_batches(source: Source, part: Part, reading: Reading) -> Iterator[Batch]:
    if source.format is Format.PARQUET:
        return parquet_batches(source, part, reading)
    unit = "row" if source.format in (Format.CSV, Format.TSV) else "byte"
    return Collector(source.name, reading, unit).batches(_records(source, part, reading))


def _records(source: Source, part: Part, reading: Reading) -> Iterator[Record | Fault]:
    match source.format:
        case Format.CSV | Format.TSV:
            return csv_records(source, reading)
        case Format.TEXT:
            return whole_text(source, reading, part.points if isinstance(part, Hits) else 0)
        case _:
            return line_records(source, part, reading)
