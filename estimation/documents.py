"""A file with every text: its tokens, and what its call costs, for each model. CSV, or Parquet with pyarrow."""

import csv
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from estimation.extras import need
from estimation.metering import Metering, Way
from estimation.parts import part_path
from estimation.workload import Workload
from pricing_data import PriceBook, UnpricedUsage, plain
from pricing_data.call_cost import call_cost
from pricing_data.price import Price
from pricing_data.replacing import replacing
from pricing_data.usage import Usage

ROWS_A_GROUP = 65_536
# 26 digits before the point, 12 after it: no price has more decimals.
DIGITS, DECIMALS = 38, 12
PARQUET = {".parquet", ".pq"}

Pricer = Callable[[int, int], Decimal | None]


class Document(NamedTuple):
    """One text. Counts and costs are in the order of the models; None is not known."""

    source: str
    position: int
    size: int
    tokens: list[int | None]
    usd: list[Decimal | None]


def write_documents(
    path: Path, shard_ids: Sequence[str], parts: Path, metering: Metering, book: PriceBook, workload: Workload
) -> None:
    """Write the file; it takes the place of an older one when it is whole. Raises OSError, MissingExtra."""
    models = [way.model for way in metering.ways]
    rows = _documents(shard_ids, parts, metering, book, workload)
    with replacing(path) as into:
        if path.suffix.lower() in PARQUET:
            _write_parquet(into, models, rows)
        else:
            _write_csv(into, models, rows)


def _documents(
    shard_ids: Sequence[str], parts: Path, metering: Metering, book: PriceBook, workload: Workload
) -> Iterator[Document]:
    places = {meter.counter: 4 + place for place, meter in enumerate(metering.meters)}
    columns = [places.get(way.counter or "") for way in metering.ways]
    pricers = [_pricer(way, book, workload) for way in metering.ways]
    for shard_id in shard_ids:
        path = part_path(parts, shard_id)
        if not path.exists():
            continue  # the shard was lost, and is listed
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                tokens = [int(row[place]) if place is not None and row[place] else None for place in columns]
                in_column = int(row[3])
                usd = [
                    None if count is None else price(count, in_column)
                    for count, price in zip(tokens, pricers, strict=True)
                ]
                yield Document(row[0], int(row[1]), int(row[2]), tokens, usd)


def _pricer(way: Way, book: PriceBook, workload: Workload) -> Pricer:
    price = book.price(way.model, workload.day)
    if price is None:
        return lambda *_: None
    return lru_cache(maxsize=65_536)(lambda tokens, in_column: _usd(price, workload, tokens, in_column))


def _usd(price: Price, workload: Workload, tokens: int, in_column: int) -> Decimal | None:
    output = workload.output.of(tokens, in_column)
    try:
        return call_cost(price, Usage(tokens, output, workload.cached(tokens)), workload.terms).total
    except UnpricedUsage:
        return None


def _write_csv(into: IO[bytes], models: Sequence[str], rows: Iterator[Document]) -> None:
    header = ["source", "position", "bytes"]
    header += [name for model in models for name in (f"{model} tokens", f"{model} cost_usd")]
    into.write((",".join(map(_quoted, header)) + "\n").encode())
    for row in rows:
        values: list[str] = [_quoted(row.source), str(row.position), str(row.size)]
        for tokens, usd in zip(row.tokens, row.usd, strict=True):
            values += ["" if tokens is None else str(tokens), "" if usd is None else plain(usd)]
        into.write((",".join(values) + "\n").encode())


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(letter in text for letter in ',"\r\n') else text


def _write_parquet(into: IO[bytes], models: Sequence[str], rows: Iterator[Document]) -> None:
    arrow, parquet = need("pyarrow", "Parquet"), need("pyarrow.parquet", "Parquet")
    fields = [("source", arrow.string()), ("position", arrow.int64()), ("bytes", arrow.int64())]
    for model in models:
        fields += [(f"{model} tokens", arrow.int64()), (f"{model} cost_usd", arrow.decimal128(DIGITS, DECIMALS))]
    schema = arrow.schema(fields)
    with parquet.ParquetWriter(into, schema) as writer:
        while group := list(islice(rows, ROWS_A_GROUP)):
            columns: list[list[object]] = [[row[place] for row in group] for place in range(3)]
            for place in range(len(models)):
                columns += [[row.tokens[place] for row in group], [row.usd[place] for row in group]]
            arrays = [arrow.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))
