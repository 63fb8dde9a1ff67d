"""Transactions of many small statements, close to the drivers: SQLAlchemy would take most of their time.

On SQLite committing, which waits for the disk, is done in a thread, and so is beginning where another process is
writing; all else touches pages in memory and is done in place. On PostgreSQL each list of parameters is one round trip.
"""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import NullPool, create_engine

from service.storage.errors import StoreUnavailable
from service.storage.sql.engine import BUSY_TIMEOUT_SECONDS, Database, sqlite_connect_args, take_over_transactions
from service.storage.sql.side_thread import SideThread

if TYPE_CHECKING:
    import psycopg

Parameters = Mapping[str, Any]
Row = tuple[Any, ...]
Done = TypeVar("Done")
AT_ONCE, WAITING = "PRAGMA busy_timeout = 0", f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}"
_NAMED = re.compile(r":(\w+)")


class StatementFailed(Exception):
    """The database refused a statement; the transaction was rolled back."""


class _Errors(NamedTuple):
    """What a driver raises when the database cannot be used, and at all."""

    unavailable: tuple[type[Exception], ...]
    any: type[Exception]


class Rows(Protocol):
    """A transaction. Statements name their parameters `:so`."""

    async def each(self, statement: str, parameters: Sequence[Parameters]) -> list[Row | None]:
        """The one row that each execution returns, or None."""

    async def many(self, statement: str, parameters: Sequence[Parameters]) -> None:
        """Executions that return nothing."""


class RowWriter:
    """Does such transactions, one at a time, on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._sqlite = _SqliteWriter(database) if database.url.is_sqlite else None
        self._errors = _errors(is_sqlite=database.url.is_sqlite)

    async def transact(self, work: Callable[[Rows], Awaitable[Done]]) -> Done:
        """Do work in a transaction, committed unless an exception passes. Raises StoreUnavailable, StatementFailed."""
        try:
            if self._sqlite is not None:
                return await self._sqlite.transact(work)
            return await self._on_postgresql(work)
        except self._errors.unavailable as error:
            raise self._unavailable(error) from error
        except self._errors.any as error:
            raise StatementFailed(str(error)) from error

    async def close(self) -> None:
        """Close what it has opened for itself."""
        if self._sqlite:
            await self._sqlite.close()

    async def _on_postgresql(self, work: Callable[[Rows], Awaitable[Done]]) -> Done:
        async with self.database.writing() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            return await work(_PostgresqlRows(driver))

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        url = self.database.url
        reason = url.without_password(str(error).partition("\n")[0].rstrip(".") + ".")
        self.database.on_error()
        self.database.on_write_error(reason)
        return StoreUnavailable(url.shown, reason)


def _errors(*, is_sqlite: bool) -> _Errors:
    """The driver's; that of PostgreSQL is imported only where it is used."""
    if is_sqlite:
        return _Errors((sqlite3.OperationalError,), sqlite3.Error)
    driver = import_module("psycopg")
    return _Errors((driver.OperationalError, driver.InterfaceError), driver.Error)


class _PostgresqlRows:
    def __init__(self, connection: "psycopg.AsyncConnection[Row]") -> None:
        self.connection = connection

    async def each(self, statement: str, parameters: Sequence[Parameters]) -> list[Row | None]:
        if not parameters:
            return []
        found: list[Row | None] = []
        async with self.connection.cursor() as cursor:
            await cursor.executemany(_pyformat(statement), parameters, returning=True)
            while True:
                found.append(await cursor.fetchone())
                if not cursor.nextset():
                    return found

    async def many(self, statement: str, parameters: Sequence[Parameters]) -> None:
        if parameters:
            async with self.connection.cursor() as cursor:
                await cursor.executemany(_pyformat(statement), parameters)


class _SqliteRows:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    async def each(self, statement: str, parameters: Sequence[Parameters]) -> list[Row | None]:
        return [self.connection.execute(statement, one).fetchone() for one in parameters]

    async def many(self, statement: str, parameters: Sequence[Parameters]) -> None:
        if parameters:
            self.connection.executemany(statement, parameters)


class _SqliteWriter:
    """One connection of its own, and the thread that waits for it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._thread = SideThread("rows")
        self._connection: sqlite3.Connection | None = None

    async def transact(self, work: Callable[[Rows], Awaitable[Done]]) -> Done:
        async with self.database.turn():
            connection = self._begun_at_once()
            if connection is None:
                connection = await self._thread.run(self._begun)
            try:
                done = await work(_SqliteRows(connection))
            except BaseException:
                await self._thread.run(connection.rollback)
                raise
            await self._thread.run(connection.commit)
            return done

    async def close(self) -> None:
        await self._thread.run(self._closed)
        self._thread.close()

    def _begun_at_once(self) -> sqlite3.Connection | None:
        """The connection in a transaction, unless it has to be opened or mended or another process is writing."""
        if self._connection is None or self._connection.in_transaction:
            return None
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return None
        return self._connection

    def _begun(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._opened()
        if self._connection.in_transaction:
            self._connection.rollback()  # a commit has failed
        self._connection.execute(WAITING)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        finally:
            self._connection.execute(AT_ONCE)
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        url = self.database.url
        arguments = {**sqlite_connect_args(), "check_same_thread": False}
        engine = create_engine(url.blocking, connect_args=arguments, poolclass=NullPool)
        take_over_transactions(engine)
        pooled = engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()  # it is closed here, not by the pool
        opened: sqlite3.Connection = connection
        return opened

    def _closed(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _pyformat(statement: str) -> Any:
    return _NAMED.sub(r"%(\1)s", statement)
