"""The URL that an operator gives, turned into those of the drivers."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.storage.errors import BadStoreUrl

_DRIVERS = {"sqlite": ("sqlite+pysqlite", "sqlite+aiosqlite"), "postgresql": ("postgresql+psycopg",) * 2}
_ALIASES = {"postgres": "postgresql"}


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseUrl:
    """Where a database is: for blocking and for asynchronous drivers, and as it may be shown."""

    blocking: URL
    asynchronous: URL

    @classmethod
    def parse(cls, text: str) -> "DatabaseUrl":
        """Read `sqlite:///path` or `postgresql://user:password@host/name`. Raises BadStoreUrl."""
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise BadStoreUrl("it is not of the form sqlite:///path or postgresql://user@host/name.") from None
        kind = _ALIASES.get(url.get_backend_name(), url.get_backend_name())
        if kind not in _DRIVERS:
            raise BadStoreUrl(f"{kind}:// is not known; sqlite:/// and postgresql:// are.")
        if kind == "sqlite" and url.database in (None, "", ":memory:"):
            raise BadStoreUrl("a SQLite database needs a file, as in sqlite:///data/weighbridge.db.")
        blocking, asynchronous = _DRIVERS[kind]
        return cls(url.set(drivername=blocking), url.set(drivername=asynchronous))

    @classmethod
    def of_file(cls, path: Path) -> "DatabaseUrl":
        """The SQLite database in a file."""
        return cls.parse(URL.create("sqlite", database=str(path)).render_as_string())

    @property
    def is_sqlite(self) -> bool:
        return self.blocking.get_backend_name() == "sqlite"

    @property
    def shown(self) -> str:
        """The URL without password and options."""
        bare = self.blocking.set(drivername=self.blocking.get_backend_name(), query={})
        return bare.render_as_string(hide_password=True)

    def without_password(self, text: str) -> str:
        """A driver's message, with the password masked wherever it stands."""
        given = (self.blocking.password, *(v for k, v in self.blocking.query.items() if k == "password"))
        for password in (p for p in given if isinstance(p, str) and p):
            text = text.replace(password, "***")
        return text

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.shown!r})"
