"""Where bytes come from: local files, and through fsspec every store that it knows."""

from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from estimation.errors import Unreadable
from estimation.extras import need
from estimation.source import Source

# What is read ahead of a remote file.
BLOCK_BYTES = 4 << 20
READ_BYTES = 1 << 16


def file_system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path inside it. Raises MissingExtra, Unreadable."""
    fsspec = need("fsspec", f"Reading {url.partition('://')[0]}://")
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as fault:
        raise Unreadable(url, f"its kind of store needs another package: {fault}.") from None
    except ValueError as fault:
        raise Unreadable(url, f"no such kind of store: {fault}.") from None
    return system, path


def opened(source: Source) -> BinaryIO:
    """The stored bytes, seekable. Raises Unreadable."""
    try:
        if source.is_remote:
            system, path = file_system(source.url)
            # Its own readline takes no limit.
            return BufferedReader(system.open(path, "rb", block_size=BLOCK_BYTES), READ_BYTES)
        return Path(source.url).open("rb")
    except OSError as fault:
        raise Unreadable(source.name, why(fault)) from None


def why(fault: OSError) -> str:
    """A sentence about what the system said."""
    return f"cannot be read: {fault.strerror or fault or type(fault).__name__}."
