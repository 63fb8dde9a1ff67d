"""The table of all texts: tokens and cost of every single text for each model, as CSV or Parquet.

While shards are counted, each writes its rows to a file of its own, its part. At the end the parts are put together in
the order of the plan.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from corpus_cost.errors import import_extra
from corpus_cost.pricing import Metering, Way
from corpus_cost.readers.records import TextBatch
from corpus_cost.sources import TextSource
from corpus_cost.workload import Workload
from pricing_data import UnpricedUsage, plain
from pricing_data.call_cost import call_cost
from pricing_data.price import Price
from pricing_data.usage import Terms, Usage
from weighbridge_base.files import replacing

ROWS_PER_GROUP = 65_536
# 26 digits before the point, 12 after it: no price has more decimals.
DIGITS, DECIMALS = 38, 12
PARQUET = {".parquet", ".pq"}

CallPricer = Callable[[int, int], Decimal | None]


class CountedText(NamedTuple):
    """One row of the table. Counts and costs (USD) are in the order of the models; None where unknown."""

    source: str
    position: int
    size: int
    tokens: list[int | None]
    usd: list[Decimal | None]


def write_documents(path: Path, shard_ids: Sequence[str], parts: Path, metering: Metering, workload: Workload) -> None:
    """Write the table as Parquet or CSV, by the suffix of `path`; replace an older one. Raise OSError, MissingExtra."""
    models = [way.model for way in metering.ways]
    rows = _documents(shard_ids, parts, metering, workload)
    with replacing(path, mode=0o644, durable=True) as into:
        if path.suffix.lower() in PARQUET:
            _write_parquet(into, models, rows)
        else:
            _write_csv(into, models, rows)


def _documents(shard_ids: Sequence[str], parts: Path, metering: Metering, workload: Workload) -> Iterator[CountedText]:
    places = {meter.counter: 4 + place for place, meter in enumerate(metering.meters)}
    chat_places = {meter.counter: 4 + len(places) + place for place, meter in enumerate(metering.chat_meters)}
    keys = [way.chats.key if way.chats else "" for way in metering.ways]
    columns = [
        (places.get(way.counter or ""), chat_places.get(key)) for way, key in zip(metering.ways, keys, strict=True)
    ]
    pricers = [_pricer(way, workload) for way in metering.ways]
    for shard_id in shard_ids:
        path = part_path(parts, shard_id)
        if not path.exists():
            continue  # the shard was lost, and is among the faults
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                tokens = [_first_number(row, column) for column in columns]
                in_column = int(row[3])
                usd = [
                    None if count is None else price(count, in_column)
                    for count, price in zip(tokens, pricers, strict=True)
                ]
                yield CountedText(row[0], int(row[1]), int(row[2]), tokens, usd)


def _first_number(row: Sequence[str], places: Sequence[int | None]) -> int | None:
    """Return the count of a row: that of a text, or that of a chat."""
    return next((int(row[place]) for place in places if place is not None and row[place]), None)


def _pricer(way: Way, workload: Workload) -> CallPricer:
    price, terms, _ = way.priced
    if price is None:
        return lambda *_: None
    return lru_cache(maxsize=65_536)(lambda tokens, in_column: _call_cost(price, terms, workload, tokens, in_column))


def _call_cost(price: Price, terms: Terms, workload: Workload, tokens: int, in_column: int) -> Decimal | None:
    output = workload.output.of(tokens, in_column)
    try:
        return call_cost(price, Usage(tokens, output, workload.cached(tokens)), terms).total
    except UnpricedUsage:
        return None


def _write_csv(into: IO[bytes], models: Sequence[str], rows: Iterator[CountedText]) -> None:
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


def _write_parquet(into: IO[bytes], models: Sequence[str], rows: Iterator[CountedText]) -> None:
    arrow, parquet = import_extra("pyarrow", "Parquet"), import_extra("pyarrow.parquet", "Parquet")
    fields = [("source", arrow.string()), ("position", arrow.int64()), ("bytes", arrow.int64())]
    for model in models:
        fields += [(f"{model} tokens", arrow.int64()), (f"{model} cost_usd", arrow.decimal128(DIGITS, DECIMALS))]
    schema = arrow.schema(fields)
    with parquet.ParquetWriter(into, schema) as writer:
        while group := list(islice(rows, ROWS_PER_GROUP)):
            columns: list[list[object]] = [[row[place] for row in group] for place in range(3)]
            for place in range(len(models)):
                columns += [[row.tokens[place] for row in group], [row.usd[place] for row in group]]
            arrays = [arrow.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))


class PartWriter:
    """Writes rows of a part: source, position, bytes, output tokens from the column, and one count per counter."""

    def __init__(self, rows: Any, counters: Sequence[str]) -> None:
        self._rows = rows
        self._counters = counters

    def write(self, source: TextSource, batch: TextBatch, counts: Mapping[str, list[int | None]]) -> None:
        """Write one row for each text of a batch. An unknown count is an empty cell."""
        outputs = batch.outputs or [0] * len(batch.texts)
        unknown: list[int | None] = [None] * len(batch.texts)
        columns = (counts.get(name, unknown) for name in self._counters)
        names = [source.name] * len(batch.texts)
        self._rows.writerows(zip(names, batch.positions, batch.sizes, outputs, *columns, strict=True))


def part_path(folder: Path, shard_id: str) -> Path:
    """Return the path of the part of a shard."""
    return folder / f"{shard_id}.csv"


@contextmanager
def part_writer(folder: Path, shard_id: str, counters: Sequence[str]) -> Iterator[PartWriter]:
    """Yield a writer of the part of a shard. The part exists once the block has succeeded. Raise OSError."""
    with replacing(part_path(folder, shard_id)) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        yield PartWriter(csv.writer(text), counters)
        text.detach()  # flushes; without it the wrapper would close the file, which is still to be put in place


@contextmanager
def no_part() -> Iterator[None]:
    """Stand in for `part_writer` where no table of all texts is asked for."""
    yield None
