"""Parquet: row groups are read in small batches, so that memory does not depend on their size."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from corpus_cost.errors import NOT_UTF8_ROW, MissingExtra, TextFault, Unreadable, import_extra, text_too_long
from corpus_cost.readers.arrow_texts import ArrowTexts, sizes_of, with_offsets
from corpus_cost.readers.chats import CHAT_COLUMNS, MESSAGES, Chat, NoChat, chat_of, model_fault, without_nulls
from corpus_cost.readers.records import (
    BATCH_BYTES,
    BATCH_TEXTS,
    TextBatch,
    is_utf8,
    no_column,
    not_tokens,
    output_tokens,
)
from corpus_cost.shards import PieceRange, RowRange
from corpus_cost.sources import TextFormat, TextSource, format_of, open_stored
from corpus_cost.workload import ReadOptions

PURPOSE = "Parquet"
BUFFER_BYTES = 1 << 20


def import_parquet_library(inputs: Iterable[str], form: TextFormat | None) -> None:
    """Import pyarrow if these inputs need it. It starts threads, so call this only after workers are forked."""
    if any(format_of(name, form)[0] is TextFormat.PARQUET for name in inputs):
        with suppress(MissingExtra):  # raised again where the first file is read
            import_extra("pyarrow.parquet", PURPOSE)


@contextmanager
def parquet_file(source: TextSource) -> Iterator[Any]:
    """Yield the open file. Raise Unreadable, MissingExtra."""
    parquet, arrow = import_extra("pyarrow.parquet", PURPOSE), import_extra("pyarrow", PURPOSE)
    with open_stored(source) as stream:
        try:
            # Arrow reads a file of its own without copies by way of Python.
            stored = stream if source.is_remote else arrow.OSFile(source.url)
            yield parquet.ParquetFile(stored, pre_buffer=False, buffer_size=BUFFER_BYTES)
        except (arrow.ArrowException, OSError) as fault:
            reason = " ".join(str(fault).split())[:200].rstrip(".")
            raise Unreadable(
                source.name, f"it is not Parquet that can be read; write or copy it again: {reason}."
            ) from None


def parquet_batches(source: TextSource, part: PieceRange, reading: ReadOptions) -> Iterator[TextBatch]:
    """Yield the batches of a part of a source; positions are row numbers from 0. Raise Unreadable."""
    with parquet_file(source) as file:
        check_columns(source, file.schema_arrow, reading)
        ranges = [part] if isinstance(part, RowRange) else row_ranges(file.metadata)
        for each in ranges:
            yield from _range_batches(source, file, each, reading)


def row_ranges(metadata: Any) -> list[RowRange]:
    """Return one range for each row group."""
    ranges, first = [], 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        ranges.append(RowRange(group, first, 0, rows))
        first += rows
    return ranges


def check_columns(source: TextSource, schema: Any, reading: ReadOptions) -> None:
    """Raise Unreadable if a column is missing, or if there is neither a column of texts nor one of chats."""
    types = import_extra("pyarrow", PURPOSE).types
    chats = chat_column(schema, reading)
    if chats is not None:
        reading = reading._replace(text_column=chats)
    for column, option in ((reading.text_column, "--text-column"), (reading.output_column, "--output-tokens")):
        if column is not None and column not in schema.names:
            raise Unreadable(source.name, no_column(column, schema.names, option))
    if chats is not None:
        return
    kind = schema.field(reading.text_column).type
    plain = kind.value_type if types.is_dictionary(kind) else kind
    if not (
        types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain) or types.is_null(plain)
    ):
        raise Unreadable(source.name, f"the column {reading.text_column!r} is not text but {kind}. Name another.")


def chat_column(schema: Any, reading: ReadOptions) -> str | None:
    """Return the column that has chats: the text column if it has lists, else one of messages; None without one.

    A column of messages may also have them as JSON.
    """
    types = import_extra("pyarrow", PURPOSE).types
    if reading.text_column in schema.names:
        kind = schema.field(reading.text_column).type
        return reading.text_column if types.is_list(kind) or types.is_large_list(kind) else None
    return next((name for name in MESSAGES if name in schema.names), None)


def bytes_of(metadata: Any, group: int, column: str) -> int:
    """Return about how many uncompressed bytes a column has in a row group; less than its texts with a dictionary."""
    chunks = (metadata.row_group(group).column(i) for i in range(metadata.num_columns))
    return sum(chunk.total_uncompressed_size for chunk in chunks if _is_in(chunk.path_in_schema, column))


def _is_in(path: str, column: str) -> bool:
    """Return whether a path in the schema is that of a column, or of a value inside it."""
    return path == column or path.startswith(f"{column}.")


def _range_batches(source: TextSource, file: Any, part: RowRange, reading: ReadOptions) -> Iterator[TextBatch]:
    chats = chat_column(file.schema_arrow, reading)
    text_column = chats or reading.text_column
    columns = [name for name in (text_column, reading.output_column) if name is not None]
    columns += [name for name in CHAT_COLUMNS if chats and name in file.schema_arrow.names and name not in columns]
    group = file.metadata.row_group(part.group)
    mean = bytes_of(file.metadata, part.group, text_column) // max(1, group.num_rows) + 1
    rows_a_batch = max(1, min(BATCH_TEXTS, BATCH_BYTES // mean))
    at = 0
    for rows in file.iter_batches(rows_a_batch, row_groups=[part.group], columns=columns, use_threads=False):
        begin, end = max(part.begin - at, 0), min(part.end - at, rows.num_rows)
        if begin < end:
            some, first = rows.slice(begin, end - begin), part.first + at + begin
            yield _chat_batch(source, some, first, reading, chats) if chats else _batch(source, some, first, reading)
        at += rows.num_rows
        if at >= part.end:
            return


def _batch(source: TextSource, rows: Any, first: int, reading: ReadOptions) -> TextBatch:
    """Return a batch of rows without nulls, texts that are too long, and texts that are not UTF-8."""
    column = with_offsets(rows.column(rows.schema.get_field_index(reading.text_column)))
    sizes = sizes_of(column)
    reasons = _too_long(column, sizes, reading.max_text_bytes) | _not_utf8(column)
    kept: Sequence[int] = range(len(column))
    # Without nulls and faults, the column need not be copied.
    if column.null_count or reasons:
        kept = [row for row, is_valid in enumerate(column.is_valid().to_pylist()) if is_valid and row not in reasons]
        column, sizes = column.take(import_extra("pyarrow", PURPOSE).array(kept, "int64")), [sizes[row] for row in kept]
    positions = range(first, first + len(kept)) if isinstance(kept, range) else [first + row for row in kept]
    faults = tuple(TextFault(source.name, f"row {first + row}", reasons[row]) for row in sorted(reasons))
    nulls = rows.num_rows - len(kept) - len(faults)
    batch = TextBatch(positions, ArrowTexts(column, is_utf8=True), sizes, None, nulls, faults)
    if reading.output_column is None:
        return batch
    outputs = rows.column(reading.output_column).to_pylist()
    return _with_outputs(source, batch, [outputs[row] for row in kept], reading)


def _too_long(column: Any, sizes: Sequence[int], max_bytes: int) -> dict[int, str]:
    """Return the reason by row for each text that has more bytes."""
    if max(sizes, default=0) <= max_bytes:
        return {}
    rows = [row for row, size in enumerate(sizes) if size > max_bytes and column[row].is_valid]
    return {row: text_too_long(sizes[row], max_bytes) for row in rows}


def _not_utf8(column: Any) -> dict[int, str]:
    """Return the reason by row for each text that is not UTF-8: readers of Parquet do not check it."""
    arrow = import_extra("pyarrow", PURPOSE)
    try:
        column.validate(full=True)
    except arrow.ArrowInvalid:
        contents = column.cast(arrow.large_binary()).to_pylist()
        return {
            row: NOT_UTF8_ROW for row, content in enumerate(contents) if content is not None and not is_utf8(content)
        }
    return {}


def _chat_batch(source: TextSource, rows: Any, first: int, reading: ReadOptions, column: str) -> TextBatch:
    """Return a batch of chats, whose sizes are those of their rows as JSON."""
    positions: list[int] = []
    chats: list[Chat] = []
    faults: list[TextFault] = []
    nulls = 0
    for number, row in enumerate(rows.to_pylist(), start=first):
        if row[column] is None:
            nulls += 1
            continue
        try:
            chats.append(_chat(row, column, reading))
            positions.append(number)
        except NoChat as fault:
            faults.append(TextFault(source.name, f"row {number}", str(fault)))
    sizes = [chat.size for chat in chats]
    texts = [""] * len(chats)
    batch = TextBatch(positions, texts, sizes, None, nulls, tuple(faults), chats=tuple(chats))
    if reading.output_column is None:
        return batch
    places = [position - first for position in positions]
    values = rows.column(rows.schema.get_field_index(reading.output_column)).to_pylist()
    return _with_outputs(source, batch, [values[place] for place in places], reading)


def _chat(row: dict[str, Any], column: str, reading: ReadOptions) -> Chat:
    """Return the chat of a row. Raise NoChat."""
    values = {name: without_nulls(value) for name, value in row.items() if name != reading.output_column}
    if isinstance(values[column], str):
        values[column] = _messages_of(values[column], column)
    size = len(json.dumps(values, default=str))
    chat = chat_of(values, size, column)
    if chat is None:
        raise NoChat(f"{column!r} has no messages.")
    if reading.own_models is not None and (fault := model_fault(chat.model, reading.own_models)) is not None:
        raise NoChat(fault)
    return chat


def _messages_of(text: str, column: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NoChat(f"{column!r} is neither messages nor JSON.") from None


def _with_outputs(source: TextSource, batch: TextBatch, values: list[object], reading: ReadOptions) -> TextBatch:
    outputs = [output_tokens(value) for value in values]
    if all(value is not None for value in outputs):
        return batch._replace(outputs=[value or 0 for value in outputs])
    good = [i for i, value in enumerate(outputs) if value is not None]
    faults = tuple(
        TextFault(source.name, f"row {batch.positions[i]}", not_tokens(str(reading.output_column), values[i]))
        for i, value in enumerate(outputs)
        if value is None
    )
    return batch._replace(
        positions=[batch.positions[i] for i in good],
        texts=[batch.texts[i] for i in good],
        sizes=[batch.sizes[i] for i in good],
        outputs=[outputs[i] or 0 for i in good],
        chats=tuple(batch.chats[i] for i in good) if batch.chats else (),
        faults=batch.faults + faults,
    )
