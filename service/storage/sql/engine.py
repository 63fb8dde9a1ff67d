"""The SQL database of one process: transactions that read or write, on SQLite or PostgreSQL, and its checks."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, NullPool, Row, Select, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.storage.errors import StoreUnavailable
from service.storage.sql.connection import (
    DATABASE_ERRORS,
    STATEMENT_ERRORS,
    PostgresqlConnection,
    RaiseIfBroken,
    SqlConnection,
)
from service.storage.sql.sqlite import BEGIN_OPTION, BUSY_TIMEOUT_SECONDS, SqliteConnections, create_sqlite_engine
from service.storage.sql.tables import schema_version
from service.storage.sql.url import DatabaseUrl

CONNECT_TIMEOUT_SECONDS = 3
POOL_TIMEOUT_SECONDS = 3
PING_TIMEOUT_SECONDS = 2
CHECK_LOCK_TIMEOUT_SECONDS = 1.0


Done = TypeVar("Done")


class Database:
    """The connections of one process and event loop, opened when first used.

    `reading()` and `writing()` are context managers: each provides a connection in a transaction that changes nothing,
    or is committed unless an exception passes; `write(work)` does a whole transaction. All raise StoreUnavailable.
    `on_error` is called each time that the database cannot be used; `on_write_error` also, with the reason, if it was
    to be written.
    """

    reading: Callable[[], AbstractAsyncContextManager[SqlConnection]]
    writing: Callable[[], AbstractAsyncContextManager[SqlConnection]]

    def __init__(
        self,
        url: DatabaseUrl,
        on_error: Callable[[], None] = lambda: None,
        on_write_error: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.url = url
        self.on_error = on_error
        self.on_write_error = on_write_error
        connections = SqliteConnections if url.is_sqlite else PostgresqlConnections
        self.connections = connections(url, self._raise_if_broken)
        # Not methods that enter these: every chat writes twice.
        self.reading, self.writing = self.connections.reading, self.connections.writing
        self.write = self.connections.write

    @property
    def engine(self) -> Engine:
        """The engine that makes the connections."""
        return self.connections.engine

    async def rows(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Return the rows of one statement. Raise StoreUnavailable."""
        async with self.reading() as connection:
            return (await connection.execute(statement, parameters)).all()

    async def ping(self, timeout_seconds: float = PING_TIMEOUT_SECONDS) -> None:
        """Execute a statement. Raise StoreUnavailable if there is no answer in time."""
        try:
            async with asyncio.timeout(timeout_seconds), self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except TimeoutError as error:
            reason = f"no answer within {timeout_seconds:g} s."
            raise StoreUnavailable(self.url.shown, reason) from error

    async def close(self) -> None:
        """Close all connections."""
        await self.connections.close()

    def _raise_if_broken(self, error: Exception, writes: bool) -> None:
        _raise_if_broken(self.url, error, self.on_error, self.on_write_error if writes else _ignore)


class PostgresqlConnections:
    """The pool of connections of one process and event loop to PostgreSQL.

    `raise_if_broken` raises StoreUnavailable for an error of the database itself, and returns for one of a statement.
    """

    def __init__(self, url: DatabaseUrl, raise_if_broken: RaiseIfBroken) -> None:
        self._raise_if_broken = raise_if_broken
        self.pool: AsyncEngine = create_async_engine(
            url.with_driver,
            connect_args=_postgresql_arguments(url),
            pool_timeout=POOL_TIMEOUT_SECONDS,
            pool_pre_ping=True,
        )
        self.engine = self.pool.sync_engine

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlConnection]:
        """Yield a connection in a transaction that is rolled back."""
        try:
            async with self.pool.connect() as connection:
                yield PostgresqlConnection(connection)
        except DATABASE_ERRORS as error:
            self._raise_if_broken(error, False)
            raise

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SqlConnection]:
        """Yield a connection in a transaction that is committed unless an exception passes."""
        try:
            async with self.pool.begin() as connection:
                yield PostgresqlConnection(connection)
        except DATABASE_ERRORS as error:
            self._raise_if_broken(error, True)
            raise

    async def write(self, work: Callable[[SqlConnection], Awaitable[Done]]) -> Done:
        """Return what `work` returns, done in a transaction like that of `writing`."""
        async with self.writing() as connection:
            return await work(connection)

    async def close(self) -> None:
        """Close all connections."""
        await self.pool.dispose()


@contextmanager
def blocking_engine(url: DatabaseUrl, lock_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> Iterator[Engine]:
    """Yield an engine without a pool, for work outside the event loop, such as migrations.

    `lock_timeout_seconds` is how long SQLite waits for another writer.
    """
    if url.is_sqlite:
        engine = create_sqlite_engine(url, lock_timeout_seconds)
    else:
        engine = create_engine(url.with_driver, connect_args=_postgresql_arguments(url), poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def unavailable_if_broken(
    url: DatabaseUrl,
    on_error: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Raise errors of the database itself as StoreUnavailable; let errors of a statement pass."""
    try:
        yield
    except DATABASE_ERRORS as error:
        _raise_if_broken(url, error, on_error, _ignore)
        raise


def _raise_if_broken(
    url: DatabaseUrl, error: Exception, on_error: Callable[[], None], on_reason: Callable[[str], None]
) -> None:
    """Report an error of the database itself and raise it as StoreUnavailable; return for one of a statement."""
    if isinstance(error, STATEMENT_ERRORS):
        return
    reason = url.without_password(_first_line(error))
    on_error()
    on_reason(reason)
    raise StoreUnavailable(url.shown, reason) from error


def _ignore(reason: str) -> None:
    """Report nothing."""


async def check_write(database: Database) -> None:
    """Write and commit what changes nothing. Raise StoreUnavailable with the reason if the database does not take it.

    Only a commit detects a full disk. For a file that has become read-only the operating system is asked too:
    connections that were open before still write to SQLite's log, but no other process can, and the log only grows.
    """
    if isinstance(database.connections, SqliteConnections):
        await asyncio.to_thread(_write_to_file, database)
    else:
        await _lock_a_row(database, database.connections.pool)


async def _lock_a_row(database: Database, pool: AsyncEngine) -> None:
    """Lock a row, which PostgreSQL writes to its log; a row that another transaction has locked is skipped."""
    # Not by `database.writing`, which reports a refused write: `/ready` would repeat it for seconds.
    with unavailable_if_broken(database.url, database.on_error):
        async with pool.begin() as connection:
            await connection.execute(select(schema_version.c.version_num).with_for_update(skip_locked=True))


def _write_to_file(database: Database) -> None:
    """Set the number in the file's header that is left to applications to its present value, which writes a page."""
    url = database.url
    path = Path(str(url.with_driver.database))
    if not path.exists():
        raise StoreUnavailable(url.shown, "the file is gone.")  # connecting would create an empty one
    if not os.access(path, os.W_OK):
        raise StoreUnavailable(url.shown, "the file is read-only.")
    with (
        unavailable_if_broken(url, database.on_error),
        blocking_engine(url, CHECK_LOCK_TIMEOUT_SECONDS) as engine,
        engine.connect().execution_options(**{BEGIN_OPTION: "IMMEDIATE"}) as connection,
        connection.begin(),
    ):
        number = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = str(cause).strip().splitlines()
    return lines[0].rstrip(".") + "." if lines else type(cause).__name__ + "."


def _postgresql_arguments(url: DatabaseUrl) -> dict[str, Any]:
    return {} if "connect_timeout" in url.with_driver.query else {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
