"""The file of a SQLite database: for its owner alone, as are those that SQLite puts beside it."""

import os
from pathlib import Path

from service.runtime.data_dir import tighten
from service.storage.errors import StoreUnavailable
from service.storage.sql.url import DatabaseUrl

SUFFIXES = ("", "-wal", "-shm", "-journal")


def keep_private(url: DatabaseUrl) -> None:
    """Make the file if there is none, and take all rights of others from it. SQLite gives its rights to the others.

    Raise StoreUnavailable.
    """
    path = file_of(url)
    if path is None:
        return
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        return  # SQLite has its own words for it
    for file in (path.with_name(path.name + suffix) for suffix in SUFFIXES):
        try:
            tighten(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = f"{file.name} is open to others, and that cannot be changed: {error.strerror}."
            raise StoreUnavailable(url.shown, reason) from None


def file_of(url: DatabaseUrl) -> Path | None:
    """Where it is; None for a URI of SQLite's own, which is not a path."""
    return None if "uri" in url.blocking.query else Path(str(url.blocking.database))


def is_missing(url: DatabaseUrl) -> bool:
    """Whether there is no file yet."""
    path = file_of(url)
    return path is not None and not path.exists()
