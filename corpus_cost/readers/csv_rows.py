"""CSV and TSV: a header, then one text a row.

Quoted texts may contain line ends, so a file can only be read from its beginning.
"""

import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper

from corpus_cost.errors import NOT_UTF8, TextFault, Unreadable
from corpus_cost.readers.records import TextRecord, no_column, not_tokens, output_tokens
from corpus_cost.sources import TextFormat, TextSource, open_source
from corpus_cost.workload import ReadOptions


def csv_records(source: TextSource, reading: ReadOptions) -> Iterator[TextRecord | TextFault]:
    """Yield the records of a source by row number, from 1 without the header. Raise Unreadable.

    CSV has no nulls: an empty value, quoted or not, is a text without tokens.
    """
    csv.field_size_limit(reading.max_text_bytes + 1)  # the default limit is 128 kB
    encoding = "utf-8-sig" if reading.encoding == "utf-8" else reading.encoding
    with open_source(source) as stream:
        text = TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")
        rows = csv.reader(text, "excel-tab" if source.format is TextFormat.TSV else "excel", strict=True)
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


def _places(source: TextSource, reading: ReadOptions, header: Sequence[str]) -> tuple[int, int | None]:
    """Return the indexes of the columns for texts and for output tokens."""
    if reading.text_column not in header:
        raise Unreadable(source.name, no_column(reading.text_column, header))
    if reading.output_column is not None and reading.output_column not in header:
        raise Unreadable(source.name, no_column(reading.output_column, header, "--output-tokens"))
    return header.index(reading.text_column), header.index(reading.output_column) if reading.output_column else None


def _record(
    source: TextSource,
    reading: ReadOptions,
    number: int,
    row: Sequence[str],
    width: int,
    place: int,
    answered: int | None,
) -> TextRecord | TextFault:
    if len(row) != width:
        return TextFault(source.name, f"row {number}", f"{len(row)} values under {width} columns.")
    tokens = 0 if answered is None else output_tokens(row[answered])
    if tokens is None:
        return TextFault(source.name, f"row {number}", not_tokens(str(reading.output_column), row[answered or 0]))
    if not row[place].isascii() and any("\udc80" <= letter <= "\udcff" for letter in row[place]):
        return TextFault(source.name, f"row {number}", NOT_UTF8)
    return TextRecord(number, row[place], tokens)
