"""Plain lines and JSON lines: one record a line.

Any byte range of a source can be read by itself: a line belongs to the range in which it starts.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, BinaryIO, NamedTuple

from corpus_cost.errors import NOT_UTF8, TextFault, line_too_long
from corpus_cost.readers.chats import NO_MODEL, NoChat, chat_of, model_fault
from corpus_cost.readers.records import (
    TextRecord,
    is_text,
    no_column,
    not_text,
    not_tokens,
    output_tokens,
    without_mark,
)
from corpus_cost.shards import ByteRange, PieceRange, Points
from corpus_cost.sources import TextFormat, TextSource, open_source
from corpus_cost.workload import ReadOptions

CHUNK_BYTES = 1 << 20
# A JSON line may be this many times as long as its text, for other columns and escapes.
MAX_LINE_FACTOR = 7


class SourceLine(NamedTuple):
    """The bytes of a line without its line end, and the offset of its start.

    `hits` is the number of points of a sample in it, `length` its size in bytes with the line end.
    """

    offset: int
    content: bytes
    hits: int = 0
    length: int = 0


def lines_from(
    stream: BinaryIO, source: TextSource, begin: int, end: int | None, limit: int
) -> Iterator[SourceLine | TextFault]:
    """Yield the lines that start in the range. Those over `limit` bytes are faults, and never loaded into memory."""
    if begin:
        stream.seek(begin - 1)
        begin = begin - 1 + _skip_line(stream, None if end is None else end - begin + 1)
    offset = begin
    while end is None or offset < end:
        content = stream.readline(limit + 1)
        if not content:
            return
        size = len(content)
        if size > limit and not content.endswith(b"\n"):
            size += _skip_line(stream)
            yield TextFault(source.name, f"byte {offset}", line_too_long(size, limit))
        else:
            yield SourceLine(offset, content.rstrip(b"\r\n"), length=size)
        offset += size


def lines_at(
    stream: BinaryIO, source: TextSource, offsets: Sequence[int], limit: int
) -> Iterator[SourceLine | TextFault]:
    """Yield the lines that contain these offsets, each once, in order."""
    starts = ((_start_of_line(stream, offset, limit), offset) for offset in sorted(offsets))
    for start, group in groupby(starts, key=lambda pair: pair[0]):
        held = [offset for _, offset in group]
        if start is None:
            yield TextFault(source.name, f"byte {held[0]}", line_too_long(None, limit))
            continue
        stream.seek(start)
        content = stream.readline(limit + 1)
        if len(content) > limit and not content.endswith(b"\n"):
            yield TextFault(source.name, f"byte {start}", line_too_long(None, limit))
        else:
            yield SourceLine(start, content.rstrip(b"\r\n"), len(held), len(content))


def _skip_line(stream: BinaryIO, most: int | None = None) -> int:
    """Read to the end of the line, or until at least `most` bytes are read; return the number of bytes read.

    Without the limit, each piece of a line of one gigabyte would read to the end of the line.
    """
    skipped = 0
    while content := stream.readline(CHUNK_BYTES):
        skipped += len(content)
        if content.endswith(b"\n") or (most is not None and skipped >= most):
            break
    return skipped


def _start_of_line(stream: BinaryIO, offset: int, limit: int) -> int | None:
    """Return the offset at which the line of a byte starts; None if it is more than `limit` bytes before."""
    at = offset
    while at > 0:
        begin = max(0, at - min(CHUNK_BYTES, 8 * 1024))
        stream.seek(begin)
        found = stream.read(at - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        at = begin
        if offset - at > limit:
            return None
    return 0


def line_records(source: TextSource, part: PieceRange, reading: ReadOptions) -> Iterator[TextRecord | TextFault]:
    """Yield the records of a part of a source. Raise Unreadable."""
    record_of = _json_record if source.format is TextFormat.JSONL else _plain_record
    limit = reading.max_text_bytes * (MAX_LINE_FACTOR if source.format is TextFormat.JSONL else 1)
    with open_source(source) as stream:
        lines: Iterable[SourceLine | TextFault]
        match part:
            case Points(offsets):
                lines = lines_at(stream, source, offsets, limit)
            case ByteRange(begin, end):
                lines = lines_from(stream, source, begin, end, limit)
            case _:
                lines = lines_from(stream, source, 0, None, limit)
        for line in lines:
            if isinstance(line, TextFault):
                yield line
            elif (record := record_of(source, line, reading)) is not None:
                yield record


def _plain_record(source: TextSource, line: SourceLine, reading: ReadOptions) -> TextRecord | TextFault:
    try:
        text = line.content.decode(reading.encoding)
    except UnicodeDecodeError:
        return _fault(source, line, NOT_UTF8)
    return TextRecord(line.offset, text if line.offset else without_mark(text), 0, line.hits, line.length)


def _json_record(source: TextSource, line: SourceLine, reading: ReadOptions) -> TextRecord | TextFault | None:
    if not line.content.strip():
        return None
    try:
        row = json.loads(line.content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _fault(source, line, NOT_UTF8)
    except (ValueError, RecursionError):
        return _fault(source, line, "it is not JSON; mend the line, or leave it out.")
    return _row_record(source, line, reading, row)


def _row_record(source: TextSource, line: SourceLine, reading: ReadOptions, row: Any) -> TextRecord | TextFault:
    try:
        chat = chat_of(row, len(line.content), reading.text_column)
    except NoChat as fault:
        return _fault(source, line, str(fault))
    if reading.own_models is not None:
        reason = NO_MODEL if chat is None else model_fault(chat.model, reading.own_models)
        if reason is not None:
            return _fault(source, line, reason)
    if chat is not None:
        value = row.get(reading.output_column) if reading.output_column and isinstance(row, dict) else None
        answered = output_tokens(value)
        if answered is None:
            return _fault(source, line, not_tokens(str(reading.output_column), value))
        return TextRecord(line.offset, "", answered, line.hits, line.length, chat)
    return _text_record(source, line, reading, row)


def _text_record(source: TextSource, line: SourceLine, reading: ReadOptions, row: Any) -> TextRecord | TextFault:
    if isinstance(row, str):
        return TextRecord(line.offset, row, 0, line.hits, line.length)
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
    return TextRecord(line.offset, text, answered, line.hits, line.length)


def _fault(source: TextSource, line: SourceLine, reason: str) -> TextFault:
    return TextFault(source.name, f"byte {line.offset}", reason)
