"""The URL of the SQL database as the operator gives it, and the file that a SQLite URL names."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.runtime.data_dir import tighten
from service.storage.errors import BadStoreUrl, StoreUnavailable

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_ALIASES = {"postgres": "postgresql"}
# The database file, and the files that SQLite creates beside it.
SQLITE_FILE_SUFFIXES = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseUrl:
    """Where a database is; `with_driver` is its SQLAlchemy URL."""

    with_driver: URL

    @classmethod
    def parse(cls, text: str) -> "DatabaseUrl":
        """Read `sqlite:///path` or `postgresql://user:password@host/name`. Raise BadStoreUrl."""
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise BadStoreUrl("it is not of the form sqlite:///path or postgresql://user@host/name.") from None
        kind = _ALIASES.get(url.get_backend_name(), url.get_backend_name())
        if kind not in _DRIVERS:
            raise BadStoreUrl(f"{kind}:// is not known; sqlite:/// and postgresql:// are.")
        if kind == "sqlite" and url.database in (None, "", ":memory:"):
            raise BadStoreUrl("a SQLite database needs a file, as in sqlite:///data/weighbridge.db.")
        return cls(url.set(drivername=_DRIVERS[kind]))

    @classmethod
    def of_file(cls, path: Path) -> "DatabaseUrl":
        """Return the URL of the SQLite database in a file."""
        return cls.parse(URL.create("sqlite", database=str(path)).render_as_string())

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.with_driver.get_backend_name() == "sqlite"

    @property
    def shown(self) -> str:
        """The URL without password and options, for messages."""
        bare = self.with_driver.set(drivername=self.with_driver.get_backend_name(), query={})
        return bare.render_as_string(hide_password=True)

    def without_password(self, text: str) -> str:
        """Return a driver's message with the password masked wherever it occurs."""
        given = (self.with_driver.password, *(v for k, v in self.with_driver.query.items() if k == "password"))
        for password in (p for p in given if isinstance(p, str) and p):
            text = text.replace(password, "***")
        return text

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.shown!r})"


def sqlite_path(url: DatabaseUrl) -> Path | None:
    """Return the path of a SQLite database, or None if the URL has a SQLite URI, which is not a path."""
    return None if "uri" in url.with_driver.query else Path(str(url.with_driver.database))


def sqlite_file_is_missing(url: DatabaseUrl) -> bool:
    """Return whether the file of a SQLite database does not exist yet."""
    path = sqlite_path(url)
    return path is not None and not path.exists()


def make_sqlite_file_private(url: DatabaseUrl) -> None:
    """Create the file of a SQLite database if it does not exist, and let only its owner read and write it.

    SQLite gives the same permissions to the files that it creates beside it. Raise StoreUnavailable.
    """
    path = sqlite_path(url)
    if path is None:
        return
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        return  # opening the database fails too, with SQLite's own message
    for file in (path.with_name(path.name + suffix) for suffix in SQLITE_FILE_SUFFIXES):
        try:
            tighten(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = f"{file.name} is open to others, and that cannot be changed: {error.strerror}."
            raise StoreUnavailable(url.shown, reason) from None
