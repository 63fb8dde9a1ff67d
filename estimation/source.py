"""Sources: files and objects that hold texts, with what tells whether they have changed."""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import NamedTuple


class Format(StrEnum):
    """How the texts lie in a source."""

    # The whole file is one text.
    TEXT = "text"
    # Every line is one text.
    LINES = "lines"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


class Compression(StrEnum):
    """How the bytes of a source are packed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


class Source(NamedTuple):
    """One file or object. `name` is what people see and `url` what is opened: a path, or a URL that fsspec knows.

    `version` changes when the content does: the time of change, or the object's etag. `size` is in stored bytes.
    """

    name: str
    url: str
    size: int
    version: str
    format: Format
    compression: Compression

    @property
    def is_remote(self) -> bool:
        """Whether it is opened through fsspec."""
        return "://" in self.url

    @property
    def is_seekable_lines(self) -> bool:
        """Whether any line can be found without reading what is before it."""
        return self.compression is Compression.NONE and self.format in (Format.JSONL, Format.LINES)


FORMATS = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
}
COMPRESSIONS = {".gz": Compression.GZIP, ".gzip": Compression.GZIP, ".zst": Compression.ZSTD, ".zstd": Compression.ZSTD}


def kind_of(name: str, given: Format | None = None) -> tuple[Format, Compression]:
    """The format and compression that a name's endings tell; `given` overrules the format."""
    endings = [ending.lower() for ending in PurePosixPath(name).suffixes]
    compression = COMPRESSIONS.get(endings[-1], Compression.NONE) if endings else Compression.NONE
    if compression is not Compression.NONE:
        endings.pop()
    by_name = FORMATS.get(endings[-1], Format.TEXT) if endings else Format.TEXT
    return given or by_name, compression
