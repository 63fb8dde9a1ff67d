"""Parquet: row groups are read in small batches, so that memory does not depend on their size."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from corpus_cost.errors import NOT_UTF8_ROW, MissingExtra, TextFault, Unreadable, import_extra, text_too_long
from corpus_cost.readers.arrow_texts import ArrowTexts, sizes_of
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
            import_extra("pyarrow.compute", PURPOSE)


@contextmanager
def parquet_file(source: TextSource) -> Iterator[Any]:
    """Yield the open file. Raise Unreadable, MissingExtra."""
    parquet, arrow = import_extra("pyarrow.parquet", PURPOSE), import_extra("pyarrow", PURPOSE)
    with open_stored(source) as stream:
        try:
            yield parquet.ParquetFile(stream, pre_buffer=False, buffer_size=BUFFER_BYTES)
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
    """Raise Unreadable if a column is missing, or if the text column is not text."""
    types = import_extra("pyarrow", PURPOSE).types
    for column, option in ((reading.text_column, "--text-column"), (reading.output_column, "--output-tokens")):
        if column is not None and column not in schema.names:
            raise Unreadable(source.name, no_column(column, schema.names, option))
    kind = schema.field(reading.text_column).type
    plain = kind.value_type if types.is_dictionary(kind) else kind
    if not (
        types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain) or types.is_null(plain)
    ):
        raise Unreadable(source.name, f"the column {reading.text_column!r} is not text but {kind}. Name another.")


def bytes_of(metadata: Any, group: int, column: str) -> int:
    """Return about how many uncompressed bytes a column has in a row group; less than its texts with a dictionary."""
    chunks = (metadata.row_group(group).column(i) for i in range(metadata.num_columns))
    return sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema == column)


def _range_batches(source: TextSource, file: Any, part: RowRange, reading: ReadOptions) -> Iterator[TextBatch]:
    columns = [name for name in (reading.text_column, reading.output_column) if name is not None]
    group = file.metadata.row_group(part.group)
    mean = bytes_of(file.metadata, part.group, reading.text_column) // max(1, group.num_rows) + 1
    rows_a_batch = max(1, min(BATCH_TEXTS, BATCH_BYTES // mean))
    at = 0
    for rows in file.iter_batches(rows_a_batch, row_groups=[part.group], columns=columns, use_threads=False):
        begin, end = max(part.begin - at, 0), min(part.end - at, rows.num_rows)
        if begin < end:
            yield _batch(source, rows.slice(begin, end - begin), part.first + at + begin, reading)
        at += rows.num_rows
        if at >= part.end:
            return


def _batch(source: TextSource, rows: Any, first: int, reading: ReadOptions) -> TextBatch:
    """Return a batch of rows without nulls, texts that are too long, and texts that are not UTF-8."""
    arrow = import_extra("pyarrow", PURPOSE)
    column = rows.column(rows.schema.get_field_index(reading.text_column)).cast(arrow.large_string())
    reasons = _too_long(column, reading.max_text_bytes) | _not_utf8(column)
    kept: Sequence[int] = range(len(column))
    # Without nulls and faults, the column need not be copied.
    if column.null_count or reasons:
        kept = [row for row, is_valid in enumerate(column.is_valid().to_pylist()) if is_valid and row not in reasons]
        column = column.take(arrow.array(kept, arrow.int64()))
    positions = range(first, first + len(kept)) if isinstance(kept, range) else [first + row for row in kept]
    faults = tuple(TextFault(source.name, f"row {first + row}", reasons[row]) for row in sorted(reasons))
    nulls = rows.num_rows - len(kept) - len(faults)
    batch = TextBatch(positions, ArrowTexts(column), sizes_of(column), None, nulls, faults)
    if reading.output_column is None:
        return batch
    outputs = rows.column(reading.output_column).to_pylist()
    return _with_outputs(source, batch, [outputs[row] for row in kept], reading)


def _too_long(column: Any, max_bytes: int) -> dict[int, str]:
    """Return the reason by row for each text that has more bytes."""
    compute = import_extra("pyarrow.compute", PURPOSE)
    sizes = compute.binary_length(column)  # null where the text is
    if not (compute.max(sizes).as_py() or 0) > max_bytes:
        return {}
    rows = compute.indices_nonzero(compute.greater(sizes, max_bytes)).to_pylist()
    return {row: text_too_long(sizes[row].as_py(), max_bytes) for row in rows}


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
        faults=batch.faults + faults,
    )
