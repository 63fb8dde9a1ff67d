"""Whether the database takes a write: one is made and committed that changes nothing.

Only a commit finds a full disk. Of a file that has become read-only the system is asked too: connections that were open
before go on writing to SQLite's log, but no other process can, and the log only grows.
"""

import asyncio
import os
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, select

from service.storage.errors import StoreUnavailable
from service.storage.sql.engine import BEGIN_OPTION, Database, breakages, take_over_transactions
from service.storage.sql.migrate import version

LOCK_TIMEOUT_SECONDS = 1.0


class WriteCheck:
    """Checks one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = _engine(database) if database.url.is_sqlite else None

    async def run(self) -> None:
        """Write and commit. Raises StoreUnavailable with the reason."""
        if self._engine is None:
            await self._lock_a_row()
        else:
            await asyncio.to_thread(self._write_to_file, self._engine)

    async def _lock_a_row(self) -> None:
        """A lock on a row is written to PostgreSQL's log. One that somebody else holds is passed over."""
        statement = select(version.c.version_num).with_for_update(skip_locked=True)
        async with self._database.reading() as connection:
            await connection.execute(statement)
            await connection.commit()

    def _write_to_file(self, engine: Engine) -> None:
        """Set the number in the file's header that is left to applications to what it is: its page is written."""
        url = self._database.url
        path = Path(str(url.blocking.database))
        if not path.exists():
            raise StoreUnavailable(url.shown, "the file is gone.")  # connecting would make an empty one
        if not os.access(path, os.W_OK):
            raise StoreUnavailable(url.shown, "the file is read-only.")
        with (
            breakages(url, self._database.on_error),
            engine.connect().execution_options(**{BEGIN_OPTION: "IMMEDIATE"}) as connection,
            connection.begin(),
        ):
            number = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            connection.exec_driver_sql(f"PRAGMA user_version = {number}")


def _engine(database: Database) -> Engine:
    engine = create_engine(database.url.blocking, connect_args={"timeout": LOCK_TIMEOUT_SECONDS}, poolclass=NullPool)
    take_over_transactions(engine)
    return engine
