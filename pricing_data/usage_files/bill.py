"""Price a usage file row by row: the cost of each model, and the rows without a cost, by reason."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from pricing_data import PriceBook, plain
from pricing_data.cost import add
from pricing_data.errors import UnusableUsageFile
from pricing_data.usage_files.columns import ReadingOptions
from pricing_data.usage_files.file import USAGE, UsageFile, open_usage
from pricing_data.usage_files.pricing_rows import price_row
from pricing_data.usage_files.reader import RowReader
from pricing_data.usage_files.row import RowCells, UsageRow
from pricing_data.usage_files.table import batch_rows, pyarrow
from weighbridge_base.files import replacing

# Numbers in reasons: they differ from row to row, while the reason is the same.
NUMBERS = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")


@dataclass(slots=True)
class ModelUse:
    """The total of one model. `usd` is exact."""

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal = Decimal()


@dataclass(slots=True)
class UnpricedRows:
    """Rows of one model that have no cost for the same reason, which is that of the row `first_row`."""

    model: str
    reason: str
    first_row: int
    rows: int = 1


@dataclass(slots=True)
class UsageBill:
    """The running totals of a file: by model, by reason without a cost, and by assumption."""

    by_model: dict[str, ModelUse] = field(default_factory=dict)
    faults: dict[tuple[str, str], UnpricedRows] = field(default_factory=dict)
    assumed: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    @property
    def usd(self) -> Decimal:
        """Return the exact total, in USD."""
        return add(*(use.usd for use in self.by_model.values()))

    @property
    def unpriced(self) -> list[UnpricedRows]:
        """Return the rows without a cost, the most frequent reason first."""
        return sorted(self.faults.values(), key=lambda fault: (-fault.rows, fault.first_row))

    @property
    def unpriced_rows(self) -> int:
        """Return the number of rows without a cost."""
        return sum(fault.rows for fault in self.faults.values())


class UsagePricer:
    """Prices the rows of usage files with one price book, and adds them to a bill.

    `named` adds to a row what its name of a model stands for; without it the names are those of the book.
    """

    def __init__(self, book: PriceBook, named: Callable[[UsageRow], UsageRow] = lambda row: row) -> None:
        self.book = book
        self.named = named
        self.bill = UsageBill()

    def price(self, row: UsageRow) -> Decimal | None:
        """Return the cost of one row, or None if it has none."""
        self.bill.rows += 1
        total, assumed = price_row(self.book, self.named(row))
        if total.usd is None:
            self._add_fault(row, total.reason or "no price is known")
            return None
        for sentence in assumed:
            self.bill.assumed[sentence] += 1
        self._add_use(row, total.usd)
        return total.usd

    def _add_fault(self, row: UsageRow, reason: str) -> None:
        key = row.model, NUMBERS.sub("…", reason)
        fault = self.bill.faults.get(key)
        if fault is None:
            self.bill.faults[key] = UnpricedRows(row.model, reason, row.number)
        else:
            fault.rows += 1

    def _add_use(self, row: UsageRow, usd: Decimal) -> None:
        use = self.bill.by_model.get(row.model)
        if use is None:
            use = self.bill.by_model[row.model] = ModelUse()
        use.rows += 1
        use.input_tokens += row.usage.input_tokens
        use.output_tokens += row.usage.output_tokens
        use.usd = add(use.usd, usd)


# The column of costs; the second name is for a file that already has a column of the first.
COST, OWN_COST = "cost_usd", "own_cost_usd"
# 26 digits before the decimal point and 12 after it, more than any price has.
PARQUET_DIGITS, PARQUET_DECIMALS = 38, 12
# Rows between two reports of progress.
PROGRESS_ROWS = 4_096

ReportProgress = Callable[[float], None]
WriteRow = Callable[[RowCells, Decimal | None], object]


def price_file(
    path: Path, output: Path | None, options: ReadingOptions, pricer: UsagePricer, progress: ReportProgress
) -> RowReader:
    """Price every row; with `output`, write the rows with their cost. `progress` receives a share from 0 to 1.

    Return the reader, which knows the skipped rows and ignored columns. Raise UnusableUsageFile, OSError.
    """
    if output and output.suffix.lower() != path.suffix.lower():
        reason = (
            f"the output must be of the same type as the file, {path.suffix or 'without a suffix'}, not {output.name}."
        )
        raise UnusableUsageFile(path, reason)
    with open_usage(path, USAGE, options) as file, _replacing(output) as into:
        if file.table.batches is not None:
            _price_batches(file, file.table.batches(), into, pricer, progress)
        else:
            _price_rows(file, into, pricer, progress)
        return file.reader


def _price_rows(file: UsageFile, into: IO[bytes] | None, pricer: UsagePricer, progress: ReportProgress) -> None:
    write, end = _writer(file, into)
    read, price = file.reader.read, pricer.price
    for number, values in enumerate(file.table.rows, start=1):
        row = read(number, values)
        usd = None if row is None else price(row)
        if write:
            write(values, usd)
        if number % PROGRESS_ROWS == 0:
            progress(file.table.share())
    end()


def _writer(file: UsageFile, into: IO[bytes] | None) -> tuple[WriteRow | None, Callable[[], object]]:
    """Return a function that writes a row with its cost, and one that ends the file."""
    if into is None:
        return None, lambda: None
    text = TextIOWrapper(into, encoding="utf-8", newline="")
    header, name = file.table.header, _cost_name(file.table.header)
    if file.table.separator is None:
        return _json_writer(text, [*header, name], lines=file.table.path.suffix.lower() != ".json")
    rows = csv.writer(text, delimiter=file.table.separator)
    rows.writerow([*header, name])
    # Detach the text wrapper at the end: it would close the file below it, which is yet to replace the output.
    return (lambda values, usd: rows.writerow([*values, "" if usd is None else plain(usd)])), text.detach


def _json_writer(text: TextIOWrapper, names: list[str], *, lines: bool) -> tuple[WriteRow, Callable[[], object]]:
    before = "" if lines else "["

    def write(values: RowCells, usd: Decimal | None) -> None:
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
    file: UsageFile, batches: Iterator[Any], into: IO[bytes] | None, pricer: UsagePricer, progress: ReportProgress
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


def _costs(reader: RowReader, pricer: UsagePricer, batch: Any, before: int) -> Iterator[Decimal | None]:
    for number, values in enumerate(batch_rows(batch), start=before + 1):
        row = reader.read(number, values)
        yield None if row is None else pricer.price(row)


def _cost_name(header: list[str]) -> str:
    return OWN_COST if COST in header else COST


def _replacing(output: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    return nullcontext() if output is None else replacing(output, mode=0o644, durable=True)
