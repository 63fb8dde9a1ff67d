"""CSV and TSV: a header, then one text a row. Quoted texts may hold line ends: it is read from its beginning."""

import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper

from estimation.compression import unpacked
from estimation.errors import Unreadable
from estimation.fault import NOT_UTF8, Fault
from estimation.reading.batch import Reading, Record
from estimation.reading.values import no_column, not_tokens, output_tokens
from estimation.source import Format, Source


def csv_records(source: Source, reading: Reading) -> Iterator[Record | Fault]:
    """The records of a source, by row number; the header is not a row. Raises Unreadable.

    A bare empty value is a null and a quoted one too: CSV does not tell them apart, and neither has a token.
    """
    csv.field_size_limit(reading.max_text_bytes + 1)  # the library's own limit is 128 kB
    encoding = "utf-8-sig" if reading.encoding == "utf-8" else reading.encoding
    with unpacked(source) as stream:
        text = TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")
        rows = csv.reader(text, "excel-tab" if source.format is Format.TSV else "excel", strict=True)
        number = 0
        try:
            header = next(rows, [])
            place, answered = _places(source, reading, header)
            for number, row in enumerate(rows, start=1):
                if row:
                    yield _record(source, reading, number, row, len(header), place, answered)
        except csv.Error as fault:
            reason = (
                f"after row {number}: {fault}. All rows before it were counted; mend the file, or raise --max-text."
            )
            raise Unreadable(source.name, reason) from None
        except UnicodeError:
            raise Unreadable(source.name, f"after row {number}: {NOT_UTF8}") from None
        finally:
            text.detach()


def _places(source: Source, reading: Reading, header: Sequence[str]) -> tuple[int, int | None]:
    """Where the columns for texts and for output stand."""
    if reading.text_column not in header:
        raise Unreadable(source.name, no_column(reading.text_column, header))
    if reading.output_column is not None and reading.output_column not in header:
        raise Unreadable(source.name, no_column(reading.output_column, header, "--output-tokens"))
    return header.index(reading.text_column), header.index(reading.output_column) if reading.output_column else None


def _record(
    source: Source, reading: Reading, number: int, row: Sequence[str], width: int, place: int, answered: int | None
) -> Record | Fault:
    if len(row) != width:
        return Fault(source.name, f"row {number}", f"{len(row)} values under {width} columns.")
    tokens = 0 if answered is None else output_tokens(row[answered])
    if tokens is None:
        return Fault(source.name, f"row {number}", not_tokens(str(reading.output_column), row[answered or 0]))
    if not row[place].isascii() and any("\udc80" <= letter <= "\udcff" for letter in row[place]):
        return Fault(source.name, f"row {number}", NOT_UTF8)
    return Record(number, row[place], tokens)
