"""Reads files as tables: CSV with any of three separators, JSON, JSON lines and Parquet. All but JSON are streamed."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, NoReturn

from pricing_data.errors import UnusableUsageFile
from pricing_data.usage_files.row import RowCells
from weighbridge_base.optional_packages import MissingPackage, import_optional

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
CSV_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson")
# Bills have lines about the invoice before the header.
MAX_PREAMBLE_LINES = 20
MAX_FIELD_CHARACTERS = 10_000_000
PARQUET_ROWS = 65_536
NOT_UTF8 = "it is not UTF-8; save it as CSV in UTF-8"
# Objects that are not flattened: layouts read them as a whole, or they have no usage.
KEPT_WHOLE = frozenset({"metadata", "messages", "response", "proxy_server_request", "request_tags", "labels", "tags"})

Recognise = Callable[[Sequence[str]], bool]


@dataclass(slots=True)
class ExportTable:
    """A header and its rows, each as long as the header. `share` returns the share of the file that was read, 0 to 1.

    `preamble` has the lines before the header, by their first cell. `separator` is that of CSV. `batches` returns the
    rows of Parquet as record batches.
    """

    path: Path
    header: list[str]
    rows: Iterator[RowCells]
    share: Callable[[], float]
    preamble: dict[str, str] = field(default_factory=dict)
    separator: str | None = None
    batches: Callable[[], Iterator[Any]] | None = None
    schema: Any = None


@contextmanager
def open_table(path: Path, recognise: Recognise, separator: str | None = None) -> Iterator[ExportTable]:
    """Open a file as a table; `recognise` returns whether a header is known. Raise UnusableUsageFile, OSError."""
    match path.suffix.lower():
        case ".csv" | ".tsv":
            with path.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
                yield _csv_table(path, text, raw.tell, recognise, separator)
        case ".json":
            yield _json_table(path)
        case ".jsonl" | ".ndjson":
            yield _json_lines_table(path)
        case ".parquet":
            arrow, parquet = pyarrow(path)
            try:
                file = parquet.ParquetFile(path)
            except arrow.ArrowInvalid as fault:
                raise UnusableUsageFile(path, f"it is not Parquet: {fault}") from None
            with file:
                yield _parquet_table(path, file)
        case _:
            raise UnusableUsageFile(path, f"it is neither {', '.join(SUFFIXES[:-1])} nor {SUFFIXES[-1]}.")


def pyarrow(path: Path) -> tuple[Any, Any]:
    """Return pyarrow and pyarrow.parquet, which come with the extra `files`. Raise UnusableUsageFile."""
    try:
        return import_optional("pyarrow", "files", "Parquet"), import_optional("pyarrow.parquet", "files", "Parquet")
    except MissingPackage as missing:
        raise UnusableUsageFile(path, f"{missing}, or use CSV.") from None


def _csv_table(
    path: Path, text: IO[str], place: Callable[[], int], recognise: Recognise, separator: str | None
) -> ExportTable:
    size = max(1, path.stat().st_size)
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    chosen, skipped = _csv_layout(path, recognise, separator)
    reader = csv.reader(text, delimiter=chosen, strict=True)
    try:
        before = [next(reader) for _ in range(skipped)]
        header = [name.strip() for name in next(reader, [])]
    except (csv.Error, UnicodeDecodeError) as fault:
        _not_csv(path, reader.line_num, fault)
    preamble = {row[0].strip(): row[1].strip() for row in before if len(row) > 1}
    _check_header(path, header)
    return ExportTable(path, header, _csv_rows(path, reader, header), lambda: place() / size, preamble, chosen)


def _csv_rows(path: Path, reader: Any, header: list[str]) -> Iterator[RowCells]:
    width = len(header)
    try:
        for row in reader:
            if len(row) != width:
                if not row:
                    continue
                raise UnusableUsageFile(path, f"line {reader.line_num}: {len(row)} values under {width} columns.")
            yield row
    except (csv.Error, UnicodeDecodeError) as fault:
        _not_csv(path, reader.line_num, fault)


def _csv_layout(path: Path, recognise: Recognise, separator: str | None) -> tuple[str, int]:
    """Return the separator of a file, and the number of lines before its header."""
    lines = _first_lines(path)
    candidates = (separator,) if separator else ("\t",) if path.suffix.lower() == ".tsv" else tuple(SEPARATORS)
    for number, line in enumerate(lines):
        known = [each for each in candidates if recognise(_cells(line, each))]
        if len(known) == 1:
            return known[0], number
        if known:
            break
    several = [each for each in candidates if lines and len(_cells(lines[0], each)) > 1]
    if len(several) > 1:
        named = " or ".join(SEPARATORS[each] for each in several)
        raise UnusableUsageFile(path, f"whether its columns are separated by {named} is not clear: pass --separator.")
    return (several or candidates)[0], 0


def _first_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [line for line, _ in zip(file, range(MAX_PREAMBLE_LINES), strict=False)]
    except UnicodeDecodeError as fault:
        _not_csv(path, 1, fault)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def _not_csv(path: Path, line: int, fault: Exception) -> NoReturn:
    reason = NOT_UTF8 if isinstance(fault, UnicodeDecodeError) else str(fault)
    raise UnusableUsageFile(path, f"near line {line}: {reason}.") from None


def _check_header(path: Path, header: Sequence[str]) -> None:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise UnusableUsageFile(path, f"column {twice[0]} is there twice.")


def _json_table(path: Path) -> ExportTable:
    try:
        found = _decoded(path.read_text(encoding="utf-8-sig"))
    except ValueError as fault:
        raise UnusableUsageFile(path, f"it is not JSON in UTF-8: {fault}.") from None
    records = [flat(record) for record in _unfolded(path, found)]
    header = list(dict.fromkeys(name for record in records for name in record))
    return ExportTable(path, header, ([record.get(name) for name in header] for record in records), lambda: 0.5)


def _json_lines_table(path: Path) -> ExportTable:
    """Return a table of JSON lines, which are read twice: first for the header, since properties differ by line."""
    header = list(dict.fromkeys(name for record, _ in _json_lines(path) for name in record))
    size = max(1, path.stat().st_size)
    read = 0

    def rows() -> Iterator[RowCells]:
        nonlocal read
        for record, length in _json_lines(path):
            read += length
            yield [record.get(name) for name in header]

    return ExportTable(path, header, rows(), lambda: read / size)


def _json_lines(path: Path) -> Iterator[tuple[dict[str, object], int]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                found = _decoded(line.decode("utf-8-sig"))
            except ValueError as fault:
                raise UnusableUsageFile(path, f"line {number} is not JSON in UTF-8: {fault}.") from None
            for record in _unfolded(path, found):
                yield flat(record), len(line)


def _decoded(text: str) -> object:
    try:
        return json.loads(text, parse_float=Decimal, object_pairs_hook=_once_each)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON. Raise ValueError if it has a name twice: which value holds is not known."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} appears twice in one object")
    return found


def _unfolded(path: Path, found: object) -> Iterator[dict[str, object]]:
    """Yield the records of a list, of a page's `data`, and of each bucket's `results` with the bucket's own values."""
    if isinstance(found, list):
        for each in found:
            yield from _unfolded(path, each)
    elif not isinstance(found, dict):
        raise UnusableUsageFile(path, "a row is not an object with names.")
    elif isinstance(found.get("data"), list):
        yield from _unfolded(path, found["data"])
    elif isinstance(found.get("results"), list):
        own = {name: value for name, value in found.items() if name != "results"}
        for each in found["results"] or [{}]:
            yield {**own, **each}
    else:
        yield found


def flat(record: dict[str, object], before: str = "") -> dict[str, object]:
    """Return a record whose nested objects are properties of it, with dots in their names."""
    found: dict[str, object] = {}
    for name, value in record.items():
        if isinstance(value, dict) and name not in KEPT_WHOLE:
            found.update(flat(value, f"{before}{name}."))
        else:
            found[f"{before}{name}"] = value
    return found


def _parquet_table(path: Path, file: Any) -> ExportTable:
    total = max(1, file.metadata.num_rows)
    header = [str(name) for name in file.schema_arrow.names]
    _check_header(path, header)
    read = 0

    def batches() -> Iterator[Any]:
        nonlocal read
        for batch in file.iter_batches(PARQUET_ROWS):
            yield batch
            read += batch.num_rows

    rows = (row for batch in batches() for row in batch_rows(batch))
    return ExportTable(path, header, rows, lambda: read / total, batches=batches, schema=file.schema_arrow)


def batch_rows(batch: Any) -> Iterator[RowCells]:
    """Return the rows of a record batch of Parquet."""
    columns = [column.to_pylist() for column in batch.columns]
    return iter(zip(*columns, strict=True)) if columns else iter([()] * batch.num_rows)
