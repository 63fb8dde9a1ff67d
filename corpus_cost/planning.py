"""Divide sources into shards of about equal size. The same sources always give the same shards."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from corpus_cost.errors import TextFault, Unreadable
from corpus_cost.readers.parquet import bytes_of, check_columns, parquet_file, row_ranges
from corpus_cost.shards import ByteRange, RowRange, Shard, SourcePiece, Stripe, Whole, shard_of
from corpus_cost.sources import Compression, TextFormat, TextSource
from corpus_cost.workload import ReadOptions

# Small enough that all workers finish at about the same time.
MIN_SHARD_BYTES = 2 << 20
# Shards become larger rather than more than this, so that the plan of any corpus fits into memory.
MAX_SHARDS = 20_000
# Each piece of a row group reads the group from its beginning, so there are only as many pieces as balance the workers:
# some per file and worker, and some of all sources together.
MAX_PIECES_PER_ROW_GROUP = 16
PIECES_PER_WORKER = 8
PIECES_PER_FILE_AND_WORKER = 4
PIECES_PER_ROW_GROUP_AND_WORKER = 2
# Small files share a shard.
MAX_PIECES_PER_SHARD = 256
# Sources of this size that cannot be read from the middle are read by several workers, which share their batches.
MIN_STRIPED_BYTES = 4 << 20


class ShardPlan(NamedTuple):
    """The shards of all sources, and the sources that cannot be read."""

    shards: tuple[Shard, ...]
    faults: tuple[TextFault, ...]

    @property
    def bytes(self) -> int:
        """Return about how many bytes there are to read."""
        return sum(shard.bytes for shard in self.shards)


def plan_shards(sources: Iterable[TextSource], reading: ReadOptions, stripes: int) -> ShardPlan:
    """Return the shards, in the order of the sources. Raise MissingExtra.

    `stripes` is the number of workers that share a source which has to be read from its beginning.
    """
    sources = list(sources)
    size = shard_bytes(sources)
    least = max(size, sum(source.size for source in sources) // (PIECES_PER_WORKER * stripes))
    pieces: list[SourcePiece] = []
    faults: list[TextFault] = []
    for source in sources:
        try:
            pieces.extend(_pieces(source, reading, stripes, size, least))
        except Unreadable as fault:
            faults.append(TextFault(fault.name, None, fault.reason))
    return ShardPlan(tuple(shard_of(tuple(group)) for group in group_pieces(pieces, size)), tuple(faults))


def shard_bytes(sources: Sequence[TextSource]) -> int:
    """Return the size of a shard in bytes: a power of two, so that it is stable while sources change a little."""
    size = MIN_SHARD_BYTES
    while size * MAX_SHARDS < sum(source.size for source in sources):
        size *= 2
    return size


def group_pieces(pieces: Sequence[SourcePiece], shard_size: int) -> Iterator[list[SourcePiece]]:
    """Yield groups of pieces of at most `shard_size` bytes, unless one piece is larger."""
    group: list[SourcePiece] = []
    size = 0
    for piece in pieces:
        if group and (size + piece.bytes > shard_size or len(group) >= MAX_PIECES_PER_SHARD):
            yield group
            group, size = [], 0
        group.append(piece)
        size += piece.bytes
    if group:
        yield group


def _pieces(source: TextSource, reading: ReadOptions, stripes: int, size: int, least: int) -> Iterator[SourcePiece]:
    if source.format is TextFormat.PARQUET and source.compression is not Compression.NONE:
        raise Unreadable(source.name, "Parquet packs its columns itself; unpack the file around it first.")
    if source.format is TextFormat.PARQUET:
        return _row_pieces(source, reading, stripes, least)
    if source.is_seekable_lines:
        return _byte_pieces(source, size)
    return _striped(source, stripes)


def _byte_pieces(source: TextSource, size: int) -> Iterator[SourcePiece]:
    for begin in range(0, source.size, size):
        end = min(begin + size, source.size)
        yield SourcePiece(source, ByteRange(begin, end), end - begin)


def _striped(source: TextSource, stripes: int) -> Iterator[SourcePiece]:
    if source.format is TextFormat.TEXT or source.size < MIN_STRIPED_BYTES or stripes < 2:
        yield SourcePiece(source, Whole(), source.size)
        return
    for number in range(stripes):
        yield SourcePiece(source, Stripe(number, stripes), max(1, source.size // stripes))


def _row_pieces(source: TextSource, reading: ReadOptions, stripes: int, least: int) -> Iterator[SourcePiece]:
    most = min(MAX_PIECES_PER_ROW_GROUP, PIECES_PER_ROW_GROUP_AND_WORKER * stripes)
    with parquet_file(source) as file:
        check_columns(source, file.schema_arrow, reading)
        groups = row_ranges(file.metadata)
        sizes = [bytes_of(file.metadata, group.group, reading.text_column) for group in groups]
        piece_bytes = max(least, sum(sizes) // (PIECES_PER_FILE_AND_WORKER * stripes))
        for whole, size in zip(groups, sizes, strict=True):
            count = max(1, min(most, -(-size // piece_bytes)))
            rows = -(-whole.end // count) or 1
            for begin in range(0, whole.end, rows):
                end = min(begin + rows, whole.end)
                part = RowRange(whole.group, whole.first, begin, end)
                yield SourcePiece(source, part, size * (end - begin) // whole.end + 1)
