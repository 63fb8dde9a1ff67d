"""Connections to a SQLite file. Each has a thread in which it waits for the disk or for another process.

SQLite runs in WAL mode (set by the migrations, kept in the file) and is synced at every commit, because it holds
money. Python's own transaction control is off: a reader begins DEFERRED, a writer IMMEDIATE, so that no transaction
finds halfway that it may not write. A process has one writing connection, for SQLite lets only one write at a time.
"""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Executable, NullPool, create_engine, event
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from service.storage.sql.connection import (
    DATABASE_ERRORS,
    STATEMENT_ERRORS,
    RaiseIfBroken,
    SqlParameters,
    SqlResult,
    SqlRow,
    SqlStep,
    as_sqlalchemy_error,
)
from service.storage.sql.url import DatabaseUrl

BUSY_TIMEOUT_SECONDS: Final = 5.0
MAX_READERS: Final = 4
# Room for the pages that look-ups of a hundred thousand keys go through; used only as pages are read.
READ_CACHE_KIBIBYTES: Final = 32_768
# An execution option of a SQLAlchemy connection: the kind of its transactions, or None to begin none.
BEGIN_OPTION: Final = "weighbridge_begin"
WAIT: Final = f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000:.0f}"
DO_NOT_WAIT: Final = "PRAGMA busy_timeout = 0"

Result = TypeVar("Result")
_Task = tuple[Callable[[], Any], "asyncio.Future[Any]"]


def create_sqlite_engine(url: DatabaseUrl, lock_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> Engine:
    """Return an engine without a pool whose transactions begin as this module says."""
    arguments = {"timeout": lock_timeout_seconds, "check_same_thread": False}
    engine = create_engine(url.with_driver, connect_args=arguments, poolclass=NullPool)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get(BEGIN_OPTION, "DEFERRED")
    if mode is not None:
        connection.exec_driver_sql(f"BEGIN {mode}")


class SqliteConnections:
    """The connections of one process and event loop to a file: one that writes, and up to MAX_READERS that read.

    `raise_if_broken` raises StoreUnavailable for an error of the database itself, and returns for one of a statement.
    """

    def __init__(self, url: DatabaseUrl, raise_if_broken: RaiseIfBroken) -> None:
        self._raise_if_broken = raise_if_broken
        self.engine = create_sqlite_engine(url)
        self._writer = SqliteConnection(self.engine, writes=True)
        self._writer_lock = asyncio.Lock()
        self._readers: list[SqliteConnection] = []
        self._free_readers = asyncio.Semaphore(MAX_READERS)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["SqliteConnection"]:
        """Yield a connection in a transaction that changes nothing."""
        try:
            await _acquire(self._free_readers, "other readers take too long.")
            reader = self._readers.pop() if self._readers else SqliteConnection(self.engine, writes=False)
            try:
                async with reader.transaction():
                    yield reader
            finally:
                # The last one is taken first: it has the pages in its cache.
                self._readers.insert(0 if reader.is_busy else len(self._readers), reader)
                self._free_readers.release()
        except DATABASE_ERRORS as error:
            self._raise_if_broken(error, False)
            raise

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["SqliteConnection"]:
        """Yield the writing connection in a transaction. Callers of this process queue; SQLite itself would poll."""
        try:
            await _acquire(self._writer_lock, "other writers take too long.")
            try:
                async with self._writer.transaction():
                    yield self._writer
            finally:
                self._writer_lock.release()
        except DATABASE_ERRORS as error:
            self._raise_if_broken(error, True)
            raise

    async def write(self, work: Callable[["SqliteConnection"], Awaitable[Result]]) -> Result:
        """Return what `work` returns, done in a transaction like that of `writing`."""
        async with self.writing() as connection:
            return await work(connection)

    async def close(self) -> None:
        """Close all connections and end their threads; the next use opens new ones."""
        readers, self._readers = self._readers, []
        for connection in (self._writer, *readers):
            await connection.close()


async def _acquire(turns: asyncio.Lock | asyncio.Semaphore, reason: str) -> None:
    """Wait for a turn. Raise SQLAlchemy's TimeoutError with `reason` after BUSY_TIMEOUT_SECONDS."""
    try:
        async with asyncio.timeout(BUSY_TIMEOUT_SECONDS) if turns.locked() else nullcontext():
            await turns.acquire()
    except TimeoutError as error:
        raise PoolTimeoutError(reason) from error


class SqliteConnection:
    """A SqlConnection to SQLite, opened with its first transaction and used by one task at a time.

    SQLAlchemy statements are executed in the thread, each in one trip. What runs on every call is executed on the
    event loop, where it takes a few microseconds and a trip to the thread would take longer: to begin, raw statements,
    which touch pages in memory, and to end a transaction that only read. Committing always waits for the disk.
    """

    def __init__(self, engine: Engine, *, writes: bool) -> None:
        self._engine = engine
        self._writes = writes
        self._thread = SideThread("sqlite-writer" if writes else "sqlite-reader")
        self._connection: Connection | None = None
        self._driver: sqlite3.Connection | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the thread still works for this connection."""
        return self._thread.is_busy

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Begin a transaction; commit it, or if only read roll it back. An exception rolls it back and passes."""
        if not self._begin_without_waiting():
            await self._thread.run(self._begin)
        try:
            yield
            await self._end()
        except BaseException as error:
            is_broken = isinstance(error, DBAPIError) and not isinstance(error, STATEMENT_ERRORS)
            # What uses this connection next waits behind it.
            self._thread.run(self._disconnect if is_broken else self._roll_back)
            raise

    async def execute(self, statement: Executable, parameters: Any = None) -> SqlResult:
        """Execute a SQLAlchemy statement and return its rows, all of them read."""
        return await self._thread.run(partial(self._execute, statement, parameters))

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Execute a SQLAlchemy statement and return the first column of its first row, or None."""
        return (await self.execute(statement, parameters)).scalar()

    async def fetch_each(self, statement: str, parameters: Sequence[SqlParameters]) -> list[SqlRow | None]:
        """Execute a raw statement once for each parameter set; return the one row of each execution, or None."""
        driver = self._opened_driver()
        try:
            return [driver.execute(statement, one).fetchone() for one in parameters]
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(statement, error, sqlite3.Error) from error

    async def fetch_all(self, steps: Sequence[SqlStep]) -> list[list[SqlRow | None]]:
        """Execute raw statements one after the other, each as `fetch_each` does; return the rows of each."""
        return [await self.fetch_each(statement, parameters) for statement, parameters in steps]

    async def run_each(self, statement: str, parameters: Sequence[SqlParameters]) -> None:
        """Execute a raw statement that returns no rows once for each parameter set."""
        driver = self._opened_driver()
        try:
            driver.executemany(statement, parameters)
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(statement, error, sqlite3.Error) from error

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self._thread.run(self._disconnect)
        self._thread.close()

    def _opened_driver(self) -> sqlite3.Connection:
        if self._driver is None:
            raise OperationalError("BEGIN", None, ConnectionError("the connection is closed."))
        return self._driver

    def _begin_without_waiting(self) -> bool:
        """Begin on the event loop, unless the file has to be opened, another process writes or the thread is busy."""
        if self._driver is None or self._thread.is_busy or self._driver.in_transaction:
            return False
        try:
            self._driver.execute("BEGIN IMMEDIATE" if self._writes else "BEGIN DEFERRED")
        except sqlite3.OperationalError:
            return False
        return True

    def _begin(self) -> None:
        driver = self._driver or self._open()
        if driver.in_transaction:
            driver.rollback()  # its commit has failed
        try:
            if not self._writes:
                driver.execute("BEGIN DEFERRED")
                return
            driver.execute(WAIT)
            try:
                driver.execute("BEGIN IMMEDIATE")
            finally:
                driver.execute(DO_NOT_WAIT)
        except sqlite3.Error as error:
            raise as_sqlalchemy_error("BEGIN", error, sqlite3.Error) from error

    def _open(self) -> sqlite3.Connection:
        connection = self._engine.connect().execution_options(**{BEGIN_OPTION: None})
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(DO_NOT_WAIT if self._writes else f"PRAGMA cache_size = -{READ_CACHE_KIBIBYTES}")
        except sqlite3.Error as error:
            connection.close()
            raise as_sqlalchemy_error("PRAGMA", error, sqlite3.Error) from error
        self._connection, self._driver = connection, driver
        opened: sqlite3.Connection = driver
        return opened

    def _execute(self, statement: Executable, parameters: Any) -> SqlResult:
        if self._connection is None:
            raise OperationalError("BEGIN", None, ConnectionError("the connection is closed."))
        result = self._connection.execute(statement, parameters)
        if result.returns_rows:
            result.cursor_strategy = FullyBufferedCursorFetchStrategy(result.cursor)
        return result

    async def _end(self) -> None:
        if self._writes:
            await self._thread.run(self._commit)
        elif self._driver is not None:
            self._driver.rollback()

    def _commit(self) -> None:
        try:
            self._opened_driver().commit()
        except sqlite3.Error as error:
            raise as_sqlalchemy_error("COMMIT", error, sqlite3.Error) from error

    def _roll_back(self) -> None:
        try:
            if self._driver is not None:
                self._driver.rollback()
        except sqlite3.Error:
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            with suppress(DBAPIError, sqlite3.Error):
                connection.close()


class SideThread:
    """A thread that does one task after the other; it starts with the first and ends with `close`.

    A thread pool of the standard library takes longer to pass a task on than most tasks take here.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._begun = 0
        self._done = 0

    @property
    def is_busy(self) -> bool:
        """Whether a task is waiting or running."""
        return self._begun != self._done

    def run(self, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Return a future with what `work` returns or raises. Once passed on, work is done even if it is cancelled."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._begun += 1
        self._tasks.put((work, outcome))
        return outcome

    def close(self) -> None:
        """Wait until all tasks are done, then end the thread."""
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            work, outcome = task
            done, error = None, None
            try:
                done = work()
            except BaseException as raised:  # whatever it is, it is raised in the task that waits
                error = raised
            self._done += 1
            with suppress(RuntimeError):  # the loop is closed: no task waits for this outcome any more
                outcome.get_loop().call_soon_threadsafe(_resolve, outcome, done, error)
            del task, work, outcome, done, error


def _resolve(outcome: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(result)
    else:
        outcome.set_exception(error)
