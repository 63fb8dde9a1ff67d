"""Which texts are in a sample: those that hold points which are spread evenly over all bytes."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from estimation.errors import Unreadable
from estimation.piece import Grid, Hits, Piece, Points, Shard, Whole, shard_of
from estimation.planning import grouped, shard_bytes
from estimation.reading.batch import Reading
from estimation.reading.batches import batches_of
from estimation.reading.parquet import parquet_file
from estimation.source import Format, Source

# Fewer would make the interval wide, and more would not make it noticeably narrower.
MIN_POINTS, MAX_POINTS = 200, 50_000
POINTS_A_PIECE = 256
# The mean size of texts is looked up at the beginnings of so many sources.
SOURCES_LOOKED_AT = 20


class SamplePlan(NamedTuple):
    """The shards of a sample, and the points and bytes that are known before it is read."""

    shards: tuple[Shard, ...]
    points: int
    measured: int


def sample_plan(sources: Sequence[Source], reading: Reading, share: Decimal, seed: str) -> SamplePlan:
    """A sample with about `share` points for each text. Raises MissingExtra."""
    every = _every(sources, reading, share)
    pieces: list[Piece] = []
    points = known = 0
    for source in sources:
        if _is_read_through(source):
            pieces.append(Piece(source, Grid(every, seed), source.size))
            continue
        offsets = _offsets(source, every, seed)
        points += len(offsets)
        known += source.size + (source.format is Format.TEXT)
        pieces.extend(_pieces(source, offsets, every))
    return SamplePlan(tuple(shard_of(tuple(group)) for group in grouped(pieces, shard_bytes(sources))), points, known)


def _is_read_through(source: Source) -> bool:
    return source.format is not Format.TEXT and not source.is_seekable_lines


def _pieces(source: Source, offsets: list[int], every: int) -> Iterator[Piece]:
    if source.format is Format.TEXT:
        if offsets:
            yield Piece(source, Hits(len(offsets)), source.size)
        return
    for at in range(0, len(offsets), POINTS_A_PIECE):
        some = tuple(offsets[at : at + POINTS_A_PIECE])
        yield Piece(source, Points(some), len(some) * min(every, 64 << 10))


def _offsets(source: Source, every: int, seed: str) -> list[int]:
    """One byte at random in each stretch of a source; the last stretch may reach over its end."""
    size = source.size + (source.format is Format.TEXT)
    digest = hashlib.sha256(f"{seed}\n{source.url}".encode()).digest()
    chance = random.Random(digest)  # noqa: S311 (a sample that can be drawn again, not a secret)
    drawn = (begin + chance.randrange(every) for begin in range(0, size, every))
    return [offset for offset in drawn if offset < size]


def _every(sources: Sequence[Source], reading: Reading, share: Decimal) -> int:
    """How many bytes have one point."""
    mean = _mean_bytes(sources, reading)
    measured = sum(_about_bytes(source, mean) for source in sources)
    wished = int(mean / share)
    return max(1, min(max(wished, measured // MAX_POINTS), measured // MIN_POINTS))


def _about_bytes(source: Source, mean: int) -> int:
    """About how many bytes of text there are; for packed files too few, so that a small sample is rather larger."""
    if source.format is not Format.PARQUET:
        return source.size + 1
    try:
        with parquet_file(source) as file:
            return int(file.metadata.num_rows) * mean
    except Unreadable:
        return 0  # it is met again, and listed, where it is counted


def _mean_bytes(sources: Sequence[Source], reading: Reading) -> int:
    """The mean size of a text at the beginnings of some sources."""
    step = max(1, len(sources) // SOURCES_LOOKED_AT)
    size = texts = 0
    for source in sources[::step]:
        if source.format is Format.TEXT:
            size, texts = size + source.size + 1, texts + 1
            continue
        try:
            first = next(batches_of(Piece(source, Whole(), source.size), reading), None)
        except Unreadable:
            continue  # it is met again, and listed, where it is counted
        if first is not None:
            size, texts = size + sum(first.sizes) + len(first.sizes), texts + len(first.texts)
    return size // max(1, texts) + 1
