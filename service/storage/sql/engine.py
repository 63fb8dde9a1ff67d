"""Connections to the SQL database, and their transactions.

SQLite runs in WAL mode (set by the migrations, kept in the file) and is synced at every commit,
because it holds money. Python's own transaction control is off: a reader begins DEFERRED, a writer
IMMEDIATE, so that a transaction never finds halfway that it may not write.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, Row, Select, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from service.storage.errors import StoreUnavailable
from service.storage.sql.quick_reads import QuickReads
from service.storage.sql.url import DatabaseUrl

BUSY_TIMEOUT_SECONDS = 5
CONNECT_TIMEOUT_SECONDS = 3
POOL_TIMEOUT_SECONDS = 3
PING_TIMEOUT_SECONDS = 2
STATEMENT_ERRORS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
# An execution option of a connection: SQLite's kind of transaction, or None for no transaction.
BEGIN_OPTION = "weighbridge_begin"


class Database:
    """A pool of connections, opened when first used. One a process and event loop.

    `on_error` is called each time that the database cannot be used; if it was to be written to, `on_write_error` is
    called too, with the reason.
    """

    def __init__(
        self,
        url: DatabaseUrl,
        on_error: Callable[[], None] = lambda: None,
        on_write_error: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.url = url
        self.on_error = on_error
        self.on_write_error = on_write_error
        self._writer = asyncio.Lock()
        self.engine: AsyncEngine = create_async_engine(
            url.asynchronous,
            connect_args=_connect_args(url),
            pool_timeout=POOL_TIMEOUT_SECONDS,
            pool_pre_ping=not url.is_sqlite,
        )
        if url.is_sqlite:
            take_over_transactions(self.engine.sync_engine)
        self._quick = QuickReads(url) if url.is_sqlite else None

    async def rows(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of one statement, as quickly as the database allows. Raises StoreUnavailable."""
        if self._quick is None:
            async with self.reading() as connection:
                found: Sequence[Row[Any]] = (await connection.execute(statement, parameters)).all()
                return found
        with breakages(self.url, self.on_error):
            return await self._quick.rows(statement, parameters)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that changes nothing. Raises StoreUnavailable."""
        with breakages(self.url, self.on_error):
            async with self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction, committed unless an exception passes. Raises StoreUnavailable."""
        async with self.turn():
            with breakages(self.url, self.on_error, self.on_write_error):
                async with self.engine.connect() as connection:
                    await connection.execution_options(**{BEGIN_OPTION: "IMMEDIATE"})
                    async with connection.begin():
                        yield connection

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """SQLite has one writer, and lets those who wait poll for it; in one process they stand in line instead."""
        if not self.url.is_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(BUSY_TIMEOUT_SECONDS) if self._writer.locked() else nullcontext():
                await self._writer.acquire()
        except TimeoutError as error:
            reason = "other writers take too long."
            self.on_write_error(reason)
            raise StoreUnavailable(self.url.shown, reason) from error
        try:
            yield
        finally:
            self._writer.release()

    async def ping(self, timeout_seconds: float = PING_TIMEOUT_SECONDS) -> None:
        """Ask the database for an answer. Raises StoreUnavailable if there is none in time."""
        try:
            async with asyncio.timeout(timeout_seconds), self.reading() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except TimeoutError as error:
            reason = f"no answer within {timeout_seconds:g} s."
            raise StoreUnavailable(self.url.shown, reason) from error

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        if self._quick is not None:
            await self._quick.close()


@contextmanager
def blocking_engine(url: DatabaseUrl) -> Iterator[Engine]:
    """An engine without a pool, for work before the event loop runs, such as migrations."""
    engine = create_engine(url.blocking, connect_args=_connect_args(url), poolclass=NullPool)
    if url.is_sqlite:
        take_over_transactions(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def breakages(
    url: DatabaseUrl,
    on_error: Callable[[], None] = lambda: None,
    on_reason: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Turn what is wrong with the database itself into StoreUnavailable; errors of a statement pass."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        if isinstance(error, STATEMENT_ERRORS):
            raise
        reason = url.without_password(_first_line(error))
        on_error()
        on_reason(reason)
        raise StoreUnavailable(url.shown, reason) from error


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = str(cause).strip().splitlines()
    return lines[0].rstrip(".") + "." if lines else type(cause).__name__ + "."


def _connect_args(url: DatabaseUrl) -> dict[str, Any]:
    if url.is_sqlite:
        return sqlite_connect_args()
    return {} if "connect_timeout" in url.blocking.query else {"connect_timeout": CONNECT_TIMEOUT_SECONDS}


def sqlite_connect_args() -> dict[str, Any]:
    """What every connection to SQLite is opened with."""
    return {"timeout": BUSY_TIMEOUT_SECONDS}


def take_over_transactions(engine: Engine) -> None:
    """Let transactions of SQLite begin as this module says, and its connections be set up."""
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(BEGIN_OPTION, "DEFERRED")
    if mode is not None:
        connection.exec_driver_sql(f"BEGIN {mode}")
