"""Packed bytes, unpacked as they are read: memory stays small whatever they unpack to."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import Any, BinaryIO, cast

from estimation.errors import Unreadable
from estimation.extras import need
from estimation.source import Compression, Source
from estimation.storage import opened, why


@contextmanager
def unpacked(source: Source) -> Iterator[BinaryIO]:
    """The bytes of a source. What goes wrong while the block reads them is Unreadable, after what was read."""
    with opened(source) as stored:
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
            raise Unreadable(source.name, why(fault)) from None


@contextmanager
def _zstd(stored: BinaryIO, name: str) -> Iterator[BinaryIO]:
    library = need("zstandard", "Zstandard")
    reader: Any = library.ZstdDecompressor().stream_reader(stored, read_across_frames=True)
    try:
        yield BufferedReader(reader)
    except library.ZstdError:
        raise Unreadable(name, "its zstd data are damaged; all before it was counted.") from None
