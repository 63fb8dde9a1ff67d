"""Sources with one record a line: plain lines, and JSON lines."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from estimation.compression import unpacked
from estimation.fault import NOT_UTF8, Fault
from estimation.piece import ByteRange, Part, Points
from estimation.reading.batch import Reading, Record
from estimation.reading.line_range import LINE_SHARE, Line, lines_at, lines_from
from estimation.reading.values import is_text, no_column, not_text, not_tokens, output_tokens, without_mark
from estimation.source import Format, Source


def line_records(source: Source, part: Part, reading: Reading) -> Iterator[Record | Fault]:
    """The records of a part of a source. Raises Unreadable."""
    record_of = _json_record if source.format is Format.JSONL else _plain_record
    limit = reading.max_text_bytes * (LINE_SHARE if source.format is Format.JSONL else 1)
    with unpacked(source) as stream:
        lines: Iterable[Line | Fault]
        match part:
            case Points(offsets):
                lines = lines_at(stream, source, offsets, limit)
            case ByteRange(begin, end):
                lines = lines_from(stream, source, begin, end, limit)
            case _:
                lines = lines_from(stream, source, 0, None, limit)
        for line in lines:
            if isinstance(line, Fault):
                yield line
            elif (record := record_of(source, line, reading)) is not None:
                yield record


def _plain_record(source: Source, line: Line, reading: Reading) -> Record | Fault:
    try:
        text = line.content.decode(reading.encoding)
    except UnicodeDecodeError:
        return _fault(source, line, NOT_UTF8)
    return Record(line.offset, text if line.offset else without_mark(text), 0, line.hits, line.length)


def _json_record(source: Source, line: Line, reading: Reading) -> Record | Fault | None:
    if not line.content.strip():
        return None
    try:
        row = json.loads(line.content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _fault(source, line, NOT_UTF8)
    except (ValueError, RecursionError):
        return _fault(source, line, "it is not JSON; mend the line, or leave it out.")
    return _row_record(source, line, reading, row)


def _row_record(source: Source, line: Line, reading: Reading, row: Any) -> Record | Fault:
    if isinstance(row, str):
        return Record(line.offset, row, 0, line.hits, line.length)
    if not isinstance(row, dict):
        return _fault(source, line, "it is neither an object nor a string.")
    if reading.text_column not in row:
        return _fault(source, line, no_column(reading.text_column, map(str, row)))
    text = row[reading.text_column]
    if not is_text(text):
        return _fault(source, line, not_text(reading.text_column, text))
    value = None if reading.output_column is None else row.get(reading.output_column)
    answered = output_tokens(value)
    if answered is None:
        return _fault(source, line, not_tokens(str(reading.output_column), value))
    return Record(line.offset, text, answered, line.hits, line.length)


def _fault(source: Source, line: Line, reason: str) -> Fault:
    return Fault(source.name, f"byte {line.offset}", reason)
