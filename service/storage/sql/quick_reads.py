"""Reads of SQLite in one trip to a thread.

The asynchronous driver goes to its thread and back for every step of a read: to begin, to make a cursor, to execute,
to fetch, to close, to roll back. That takes several times as long as the read itself, and keys are looked up at calls.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, NullPool, Row, Select, create_engine

from service.storage.sql.url import DatabaseUrl

BUSY_TIMEOUT_SECONDS = 1.0
# Room for the pages that look-ups of a hundred thousand keys go through; taken only as they are read.
CACHE_KIBIBYTES = 32_768


class QuickReads:
    """One connection in a thread of its own, begun with the first read; each sees the newest that is committed."""

    def __init__(self, url: DatabaseUrl) -> None:
        self._engine = create_engine(
            url.blocking,
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )
        self._thread: ThreadPoolExecutor | None = None
        self._connection: Connection | None = None

    async def rows(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of one statement. Raises what SQLAlchemy raises; the next read opens a new connection then."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="quick-reads")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._rows, statement, parameters)

    async def close(self) -> None:
        """Close the connection and end the thread; the next read begins anew."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._disconnect)
            thread.shutdown(wait=False)

    def _rows(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        try:
            found = self._connection.execute(statement, parameters).all()
            self._connection.commit()
        except BaseException:
            self._disconnect()
            raise
        return found

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
