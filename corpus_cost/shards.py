"""Pieces of sources, and shards, the units of work. The id of a shard stays the same while its sources do."""

import hashlib
from typing import NamedTuple

from corpus_cost.sources import TextSource


class Whole(NamedTuple):
    """The whole of a source as one shard."""


class Stripe(NamedTuple):
    """Every `of`-th batch of a source that can only be read from its beginning, starting with batch `number`."""

    number: int
    of: int


class ByteRange(NamedTuple):
    """The lines that start in a range of bytes: at `begin` or later, and before `end`."""

    begin: int
    end: int


class RowRange(NamedTuple):
    """Rows `begin` to `end` of one row group of a Parquet file; the group starts at row `first` of the file."""

    group: int
    first: int
    begin: int
    end: int


class Points(NamedTuple):
    """The lines that contain these byte offsets. A line that contains several is read once, with their number."""

    offsets: tuple[int, ...]


class Grid(NamedTuple):
    """The sampled texts of a source that has to be read through: one point in each `every` bytes of text."""

    every: int
    seed: str


class Hits(NamedTuple):
    """The whole source, a single text that contains `points` points of a sample."""

    points: int


PieceRange = Whole | Stripe | ByteRange | RowRange | Points | Grid | Hits


class SourcePiece(NamedTuple):
    """A part of one source. `bytes` is about how much there is to read; it is for progress alone."""

    source: TextSource
    part: PieceRange
    bytes: int


class Shard(NamedTuple):
    """What a worker counts at a time. Shards with the same id are the same work."""

    id: str
    pieces: tuple[SourcePiece, ...]

    @property
    def bytes(self) -> int:
        """Return about how many bytes there are to read."""
        return sum(piece.bytes for piece in self.pieces)


def shard_of(pieces: tuple[SourcePiece, ...]) -> Shard:
    """Return the shard of these pieces; its id is a digest of them and of the versions of their sources."""
    digest = hashlib.sha256()
    for source, part, _ in pieces:
        digest.update(repr((source.url, source.size, source.version, source.format, source.compression)).encode())
        digest.update(repr(part).encode())
    return Shard(digest.hexdigest()[:24], pieces)
