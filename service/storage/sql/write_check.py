"""Whether the database takes a write: one is made and committed that changes nothing.

Only a commit detects a full disk. For a file that has become read-only the operating system is asked too: connections
that were open before still write to SQLite's log, but no other process can, and the log only grows.
"""

import asyncio
import os
from pathlib import Path

from sqlalchemy import select

from service.storage.errors import StoreUnavailable
from service.storage.sql.engine import Database, blocking_engine, unavailable_if_broken
from service.storage.sql.sqlite import BEGIN_OPTION
from service.storage.sql.tables import schema_version

LOCK_TIMEOUT_SECONDS = 1.0


async def check_write(database: Database) -> None:
    """Write and commit. Raise StoreUnavailable with the reason if the database does not take it."""
    if database.url.is_sqlite:
        await asyncio.to_thread(_write_to_file, database)
    else:
        await _lock_a_row(database)


async def _lock_a_row(database: Database) -> None:
    """Lock a row, which PostgreSQL writes to its log; a row that another transaction has locked is skipped."""
    # Not by `database.writing`, which reports a refused write: `/ready` would repeat it for seconds.
    with unavailable_if_broken(database.url, database.on_error):
        async with database.connections.writing() as connection:
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
        blocking_engine(url, LOCK_TIMEOUT_SECONDS) as engine,
        engine.connect().execution_options(**{BEGIN_OPTION: "IMMEDIATE"}) as connection,
        connection.begin(),
    ):
        number = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")
