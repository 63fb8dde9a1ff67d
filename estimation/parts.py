"""Counts of every single text, as parts: a file for each shard, put together at the end in the order of the plan."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from estimation.reading.batch import Batch
from estimation.source import Source


class PartWriter:
    """Writes rows: source, position, bytes, output tokens of its column, and one count for each counter."""

    def __init__(self, rows: Any, counters: Sequence[str]) -> None:
        self._rows = rows
        self._counters = counters

    def write(self, source: Source, batch: Batch, counts: Mapping[str, list[int | None]]) -> None:
        """One row a text. A count that is not known is empty."""
        outputs = batch.outputs or [0] * len(batch.texts)
        columns = (counts[name] for name in self._counters)
        names = [source.name] * len(batch.texts)
        self._rows.writerows(zip(names, batch.positions, batch.sizes, outputs, *columns, strict=True))


def part_path(folder: Path, shard_id: str) -> Path:
    """Where the part of a shard is."""
    return folder / f"{shard_id}.csv"


@contextmanager
def part_writer(folder: Path, shard_id: str, counters: Sequence[str]) -> Iterator[PartWriter]:
    """A writer of the part of a shard; the part is there once the block has ended well."""
    path = part_path(folder, shard_id)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        yield PartWriter(csv.writer(file), counters)
    fresh.replace(path)


@contextmanager
def no_part() -> Iterator[None]:
    """Where only sums are asked for."""
    yield None
