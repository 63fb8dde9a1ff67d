"""Files of usage, priced row by row and written with their costs, in pieces: a file may be larger than memory."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from pricing_data import plain
from pricing_data.errors import UnusableUsageFile
from pricing_data.usage_files.columns import ReadingOptions
from pricing_data.usage_files.file import UsageFile, open_usage
from pricing_data.usage_files.layouts import USAGE
from pricing_data.usage_files.reader import RowReader
from pricing_data.usage_files.table import Row, batch_rows, pyarrow
from service.prices.usage import Pricer
from weighbridge_base.files import replacing

# What costs are written under; the second where the file has a column of that name already.
COST, OWN_COST = "cost_usd", "own_cost_usd"
# 26 digits before the point, 12 after it: more than a price has decimals.
PARQUET_DIGITS, PARQUET_DECIMALS = 38, 12
# Progress is reported once in so many rows.
ROWS_A_STEP = 4_096

Progress = Callable[[float], None]
Write = Callable[[Row, Decimal | None], object]


def price_file(
    path: Path, output: Path | None, options: ReadingOptions, pricer: Pricer, progress: Progress
) -> RowReader:
    """Price every row; with `output`, write the rows with their cost. `progress` gets a share from 0 to 1.

    Return the reader, which says what was skipped and ignored. Raise UnusableUsageFile, OSError.
    """
    if output and output.suffix.lower() != path.suffix.lower():
        reason = f"the output has to be {path.suffix or 'of the same kind'}, as the file is, not {output.name}."
        raise UnusableUsageFile(path, reason)
    with open_usage(path, USAGE, options) as file, _replacing(output) as into:
        if file.table.batches is not None:
            _price_batches(file, file.table.batches(), into, pricer, progress)
        else:
            _price_rows(file, into, pricer, progress)
        return file.reader


def _price_rows(file: UsageFile, into: IO[bytes] | None, pricer: Pricer, progress: Progress) -> None:
    write, end = _writer(file, into)
    read, price = file.reader.read, pricer.price
    for number, values in enumerate(file.table.rows, start=1):
        row = read(number, values)
        usd = None if row is None else price(row)
        if write:
            write(values, usd)
        if number % ROWS_A_STEP == 0:
            progress(file.table.share())
    end()


def _writer(file: UsageFile, into: IO[bytes] | None) -> tuple[Write | None, Callable[[], object]]:
    """What writes a row with its cost, and what ends the file."""
    if into is None:
        return None, lambda: None
    text = TextIOWrapper(into, encoding="utf-8", newline="")
    header, name = file.table.header, _cost_name(file.table.header)
    if file.table.separator is None:
        return _json_writer(text, [*header, name], lines=file.table.path.suffix.lower() != ".json")
    rows = csv.writer(text, delimiter=file.table.separator)
    rows.writerow([*header, name])
    # Detached at the end: a text file that is dropped closes the file below it, which is still to be put in place.
    return (lambda values, usd: rows.writerow([*values, "" if usd is None else plain(usd)])), text.detach


def _json_writer(text: TextIOWrapper, names: list[str], *, lines: bool) -> tuple[Write, Callable[[], object]]:
    before = "" if lines else "["

    def write(values: Row, usd: Decimal | None) -> None:
        nonlocal before
        cost = None if usd is None else plain(usd)
        row = {name: value for name, value in zip(names, [*values, cost], strict=True) if value is not None}
        text.write(before + json.dumps(row, ensure_ascii=False, default=str) + ("\n" if lines else ""))
        before = "" if lines else ",\n"

    def end() -> None:
        if not lines:
            text.write("[]\n" if before == "[" else "]\n")
        text.detach()

    return write, end


def _price_batches(
    file: UsageFile, batches: Iterator[Any], into: IO[bytes] | None, pricer: Pricer, progress: Progress
) -> None:
    arrow, parquet = pyarrow(file.table.path)
    money = arrow.decimal128(PARQUET_DIGITS, PARQUET_DECIMALS)
    schema = file.table.schema.append(arrow.field(_cost_name(file.table.header), money))
    writer = parquet.ParquetWriter(into, schema) if into else None
    number = 0
    for batch in batches:
        costs = list(_costs(file.reader, pricer, batch, number))
        if writer:
            writer.write_batch(batch.append_column(schema.field(len(schema) - 1), arrow.array(costs, money)))
        number += batch.num_rows
        progress(file.table.share())
    if writer:
        writer.close()


def _costs(reader: RowReader, pricer: Pricer, batch: Any, before: int) -> Iterator[Decimal | None]:
    for number, values in enumerate(batch_rows(batch), start=before + 1):
        row = reader.read(number, values)
        yield None if row is None else pricer.price(row)


def _cost_name(header: list[str]) -> str:
    return OWN_COST if COST in header else COST


def _replacing(output: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    return nullcontext() if output is None else replacing(output, mode=0o644, durable=True)
