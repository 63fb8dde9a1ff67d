"""Files of usage: CSV, or Parquet with pyarrow. Read in pieces, so that a file may be larger than memory."""

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from pricing_data import plain
from pricing_data.replacing import replacing
from service.prices.usage import Columns, Pricer, picker, places

COST = "cost_usd"
BATCH_ROWS = 65_536
# 26 digits before the point, 12 after it: more than a price has decimals.
PARQUET_DIGITS, PARQUET_DECIMALS = 38, 12
# Progress is told so often.
ROWS_A_STEP = 4_096

Progress = Callable[[float], None]


class UnusableFile(Exception):
    """A usage file that cannot be read or written as asked. The message is for a person."""


def price_file(path: Path, output: Path | None, columns: Columns, pricer: Pricer, progress: Progress) -> None:
    """Price every row; with `output`, write the rows with their cost. `progress` gets a share from 0 to 1.

    Raises UnusableFile, OSError.
    """
    if output and output.suffix.lower() != path.suffix.lower():
        raise UnusableFile(
            f"The output has to be {path.suffix or 'of the same kind'}, as the file is, not {output.name}."
        )
    match path.suffix.lower():
        case ".csv" | ".tsv":
            _price_csv(path, output, columns, pricer, progress)
        case ".parquet":
            _price_parquet(path, output, columns, pricer, progress)
        case _:
            raise UnusableFile(f"{path.name} is neither .csv, .tsv nor .parquet.")


def _price_csv(path: Path, output: Path | None, columns: Columns, pricer: Pricer, progress: Progress) -> None:
    size = max(1, path.stat().st_size)
    dialect = "excel-tab" if path.suffix.lower() == ".tsv" else "excel"
    with path.open("rb") as raw, _replacing(output) as into:
        reader = csv.reader(TextIOWrapper(raw, encoding="utf-8-sig", newline=""), dialect, strict=True)
        writer = (
            csv.writer(TextIOWrapper(into, encoding="utf-8", newline="", write_through=True), dialect) if into else None
        )
        try:
            header = next(reader, [])
            pick = picker(_places(header, columns))
            if writer:
                writer.writerow([*header, COST])
            for number, row in enumerate(reader, start=1):
                if len(row) != len(header):
                    raise UnusableFile(
                        f"{path.name}, line {reader.line_num}: {len(row)} values under {len(header)} columns."
                    )
                usd = pricer.price(pick(row))
                if writer:
                    writer.writerow([*row, "" if usd is None else plain(usd)])
                if number % ROWS_A_STEP == 0:
                    progress(raw.tell() / size)
        except (csv.Error, UnicodeDecodeError) as fault:
            raise UnusableFile(f"{path.name}, near line {reader.line_num}: {fault}.") from None


def _price_parquet(path: Path, output: Path | None, columns: Columns, pricer: Pricer, progress: Progress) -> None:
    arrow, parquet = _pyarrow()
    try:
        file = parquet.ParquetFile(path)
    except arrow.ArrowInvalid as fault:
        raise UnusableFile(f"{path.name} is not Parquet: {fault}") from None
    found = _places(file.schema_arrow.names, columns)
    money = arrow.decimal128(PARQUET_DIGITS, PARQUET_DECIMALS)
    schema = file.schema_arrow.append(arrow.field(COST, money))
    with file, _replacing(output) as into:
        writer = parquet.ParquetWriter(into, schema) if into else None
        total = max(1, file.metadata.num_rows)
        for batch in file.iter_batches(BATCH_ROWS):
            costs = [pricer.price(values) for values in _rows(batch, found)]
            if writer:
                writer.write_batch(batch.append_column(schema.field(COST), arrow.array(costs, money)))
            progress(pricer.bill.rows / total)
        if writer:
            writer.close()


def _rows(batch: Any, found: list[int | None]) -> Iterator[tuple[object, ...]]:
    nothing = [None] * batch.num_rows
    return zip(*(nothing if place is None else batch.column(place).to_pylist() for place in found), strict=True)


def _places(header: list[str], columns: Columns) -> list[int | None]:
    try:
        return places(header, columns)
    except ValueError as fault:
        raise UnusableFile(str(fault)) from None


def _pyarrow() -> tuple[Any, Any]:
    """pyarrow, which is only needed here and is too large to be installed for everybody."""
    try:
        arrow = import_module("pyarrow")
        return arrow, import_module("pyarrow.parquet")
    except ImportError:
        raise UnusableFile("Parquet needs pyarrow: pip install 'weighbridge[files]', or use CSV.") from None


def _replacing(output: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    return nullcontext() if output is None else replacing(output)
