"""Sources of texts: files and objects of remote stores, their format and compression, and how to open them."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple, cast

from corpus_cost.errors import Unreadable, import_extra


class TextFormat(StrEnum):
    """How texts are stored in a source."""

    # The whole file is one text.
    TEXT = "text"
    # Every line is one text.
    LINES = "lines"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


class Compression(StrEnum):
    """How the bytes of a source are compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


class TextSource(NamedTuple):
    """One file or object. `name` is shown to users; `url` is opened: a path, or a URL that fsspec supports.

    `version` changes when the content does: the modification time, or the object's ETag. `size` is in stored bytes.
    """

    name: str
    url: str
    size: int
    version: str
    format: TextFormat
    compression: Compression

    @property
    def is_remote(self) -> bool:
        """Return whether it is opened through fsspec."""
        return "://" in self.url

    @property
    def is_seekable_lines(self) -> bool:
        """Return whether any line can be found without reading from the beginning."""
        return self.compression is Compression.NONE and self.format in (TextFormat.JSONL, TextFormat.LINES)


FORMATS = {
    ".jsonl": TextFormat.JSONL,
    ".ndjson": TextFormat.JSONL,
    ".csv": TextFormat.CSV,
    ".tsv": TextFormat.TSV,
    ".parquet": TextFormat.PARQUET,
    ".pq": TextFormat.PARQUET,
}
COMPRESSIONS = {".gz": Compression.GZIP, ".gzip": Compression.GZIP, ".zst": Compression.ZSTD, ".zstd": Compression.ZSTD}


def format_of(name: str, given: TextFormat | None = None) -> tuple[TextFormat, Compression]:
    """Return the format and compression by the suffixes of a name; `given` overrides the format."""
    endings = [ending.lower() for ending in PurePosixPath(name).suffixes]
    compression = COMPRESSIONS.get(endings[-1], Compression.NONE) if endings else Compression.NONE
    if compression is not Compression.NONE:
        endings.pop()
    by_name = FORMATS.get(endings[-1], TextFormat.TEXT) if endings else TextFormat.TEXT
    return given or by_name, compression


# How much is read ahead from a remote file.
BLOCK_BYTES = 4 << 20
READ_BYTES = 1 << 16


def file_system(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of a URL, and the path inside it. Raise MissingExtra, Unreadable."""
    fsspec = import_extra("fsspec", f"Reading {url.partition('://')[0]}://")
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as fault:
        raise Unreadable(url, f"its kind of store needs another package: {fault}.") from None
    except ValueError as fault:
        raise Unreadable(url, f"no such kind of store: {fault}.") from None
    return system, path


def open_stored(source: TextSource) -> BinaryIO:
    """Open the stored bytes, which may be compressed, as a seekable stream. Raise Unreadable."""
    try:
        if source.is_remote:
            system, path = file_system(source.url)
            # The readline of fsspec files has no limit; that of BufferedReader has one.
            return BufferedReader(system.open(path, "rb", block_size=BLOCK_BYTES), READ_BYTES)
        return Path(source.url).open("rb")
    except OSError as fault:
        raise Unreadable(source.name, describe_os_error(fault)) from None


def describe_os_error(fault: OSError) -> str:
    """Return the reason, as a sentence, of an error of the operating system."""
    return f"cannot be read: {fault.strerror or fault or type(fault).__name__}."


@contextmanager
def open_source(source: TextSource) -> Iterator[BinaryIO]:
    """Yield the decompressed bytes of a source as a stream.

    Errors while the block reads are raised as Unreadable. Memory stays small however large the content is.
    """
    with open_stored(source) as stored:
        try:
            match source.compression:
                case Compression.NONE:
                    yield stored
                case Compression.GZIP:
                    with gzip.open(stored, "rb") as plain:
                        yield cast(BinaryIO, plain)
                case Compression.ZSTD:
                    with _zstd(stored, source.name) as plain:
                        yield plain
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise Unreadable(source.name, "its gzip data are damaged or cut off; all before it was counted.") from None
        except OSError as fault:
            raise Unreadable(source.name, describe_os_error(fault)) from None


@contextmanager
def _zstd(stored: BinaryIO, name: str) -> Iterator[BinaryIO]:
    library = import_extra("zstandard", "Zstandard")
    reader: Any = library.ZstdDecompressor().stream_reader(stored, read_across_frames=True)
    try:
        yield BufferedReader(reader)
    except library.ZstdError:
        raise Unreadable(name, "its zstd data are damaged; all before it was counted.") from None
