"""Pieces of sources, and shards, the units of work. The id of a shard stays the same while its sources do."""

import hashlib
from typing import NamedTuple

from corpus_cost.sources import TextSource


class Whole(NamedTuple):
    """All of a source."""


class Stripe(NamedTuple):
    """One of each `of` batches of a source that can only be read from its beginning, starting with `number`."""

    number: int
    of: int


class ByteRange(NamedTuple):
    """The lines that start at `begin` or later, and before `end`."""

    begin: int
    end: int


class RowRange(NamedTuple):
    """Rows of one row group of a Parquet file, counted from the group's first, which is row `first` of the file."""

    group: int
    first: int
    begin: int
    end: int


class Points(NamedTuple):
    """The lines that hold these bytes. A line that holds several is given once, with how many."""

    offsets: tuple[int, ...]


class Grid(NamedTuple):
    """The texts that hold points of a source that has to be read through: one point in each `every` bytes of text."""

    every: int
    seed: str


class Hits(NamedTuple):
    """All of a source that is one text, which holds so many points."""

    points: int


PieceRange = Whole | Stripe | ByteRange | RowRange | Points | Grid | Hits


class SourcePiece(NamedTuple):
    """A part of one source. `bytes` is about how much there is to read, for progress."""

    source: TextSource
    part: PieceRange
    bytes: int


class Shard(NamedTuple):
    """What one worker counts in one go. Two shards with one id are the same work."""

    id: str
    pieces: tuple[SourcePiece, ...]

    @property
    def bytes(self) -> int:
        """About how much there is to read."""
        return sum(piece.bytes for piece in self.pieces)


def shard_of(pieces: tuple[SourcePiece, ...]) -> Shard:
    """The shard of these pieces; its id follows from them, and from the versions of their sources."""
    digest = hashlib.sha256()
    for source, part, _ in pieces:
        digest.update(repr((source.url, source.size, source.version, source.format, source.compression)).encode())
        digest.update(repr(part).encode())
    return Shard(digest.hexdigest()[:24], pieces)
