"""Sources to shards: pieces of about equal size, the same for the same sources however often it is asked."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from estimation.errors import Unreadable
from estimation.fault import Fault
from estimation.piece import ByteRange, Piece, RowRange, Shard, Stripe, Whole, shard_of
from estimation.reading.batch import Reading
from estimation.reading.parquet import bytes_of, check_columns, parquet_file, row_ranges
from estimation.source import Compression, Format, Source

# The least size of a shard: small enough that all workers end at about the same time.
SHARD_BYTES = 2 << 20
# More shards than this are not made: they get larger instead, so that the plan of any corpus fits into memory.
SHARDS = 20_000
# A row group is read from its beginning for each of its pieces, so that there are no more than even out the workers:
# some of a file for each of them, and some of all sources.
PIECES_A_GROUP = 16
PIECES_A_WORKER = 8
PIECES_OF_A_FILE = 4
PIECES_OF_A_GROUP = 2
# Small files share a shard up to so many.
FILES_A_SHARD = 256
# What cannot be read from its middle is read by several workers, who share its batches.
STRIPE_BYTES = 4 << 20


class Plan(NamedTuple):
    """The shards of all sources, and the sources that cannot be read."""

    shards: tuple[Shard, ...]
    faults: tuple[Fault, ...]

    @property
    def bytes(self) -> int:
        """About how much there is to read."""
        return sum(shard.bytes for shard in self.shards)


def plan(sources: Iterable[Source], reading: Reading, stripes: int) -> Plan:
    """The shards, in the order of the sources. Raises MissingExtra.

    `stripes` is how many workers share a source that has to be read from its beginning.
    """
    sources = list(sources)
    size = shard_bytes(sources)
    least = max(size, sum(source.size for source in sources) // (PIECES_A_WORKER * stripes))
    pieces: list[Piece] = []
    faults: list[Fault] = []
    for source in sources:
        try:
            pieces.extend(_pieces(source, reading, stripes, size, least))
        except Unreadable as fault:
            faults.append(Fault(fault.name, None, fault.reason))
    return Plan(tuple(shard_of(tuple(group)) for group in grouped(pieces, size)), tuple(faults))


def shard_bytes(sources: Sequence[Source]) -> int:
    """The size of a shard; in steps of two, so that it is the same as long as the sources are about the same."""
    size = SHARD_BYTES
    while size * SHARDS < sum(source.size for source in sources):
        size *= 2
    return size


def grouped(pieces: Sequence[Piece], shard_size: int) -> Iterator[list[Piece]]:
    """Pieces together, up to the size of a shard."""
    group: list[Piece] = []
    size = 0
    for piece in pieces:
        if group and (size + piece.bytes > shard_size or len(group) >= FILES_A_SHARD):
            yield group
            group, size = [], 0
        group.append(piece)
        size += piece.bytes
    if group:
        yield group


def _pieces(source: Source, reading: Reading, stripes: int, size: int, least: int) -> Iterator[Piece]:
    if source.format is Format.PARQUET and source.compression is not Compression.NONE:
        raise Unreadable(source.name, "Parquet packs its columns itself; unpack the file around it first.")
    if source.format is Format.PARQUET:
        return _row_pieces(source, reading, stripes, least)
    if source.is_seekable_lines:
        return _byte_pieces(source, size)
    return _striped(source, stripes)


def _byte_pieces(source: Source, size: int) -> Iterator[Piece]:
    for begin in range(0, source.size, size):
        end = min(begin + size, source.size)
        yield Piece(source, ByteRange(begin, end), end - begin)


def _striped(source: Source, stripes: int) -> Iterator[Piece]:
    if source.format is Format.TEXT or source.size < STRIPE_BYTES or stripes < 2:
        yield Piece(source, Whole(), source.size)
        return
    for number in range(stripes):
        yield Piece(source, Stripe(number, stripes), max(1, source.size // stripes))


def _row_pieces(source: Source, reading: Reading, stripes: int, least: int) -> Iterator[Piece]:
    most = min(PIECES_A_GROUP, PIECES_OF_A_GROUP * stripes)
    with parquet_file(source) as file:
        check_columns(source, file.schema_arrow, reading)
        groups = row_ranges(file.metadata)
        sizes = [bytes_of(file.metadata, group.group, reading.text_column) for group in groups]
        piece_bytes = max(least, sum(sizes) // (PIECES_OF_A_FILE * stripes))
        for whole, size in zip(groups, sizes, strict=True):
            count = max(1, min(most, -(-size // piece_bytes)))
            rows = -(-whole.end // count) or 1
            for begin in range(0, whole.end, rows):
                end = min(begin + rows, whole.end)
                part = RowRange(whole.group, whole.first, begin, end)
                yield Piece(source, part, size * (end - begin) // whole.end + 1)
