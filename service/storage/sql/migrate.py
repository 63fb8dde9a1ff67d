"""Bring a database to the newest schema."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import OperationalError

from service.storage.errors import LostDatabase
from service.storage.sql.engine import blocking_engine, unavailable_if_broken
from service.storage.sql.sqlite import BEGIN_OPTION, BUSY_TIMEOUT_SECONDS
from service.storage.sql.tables import metadata, schema_version
from service.storage.sql.url import DatabaseUrl, make_sqlite_file_private, sqlite_file_is_missing

NEWEST = "0006"
# An arbitrary number, the same in every version of the service.
ADVISORY_LOCK = 0x_7765_6967_6862
BUSY_PAUSE_SECONDS = 0.01
APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER entry_append_only_update BEFORE UPDATE ON entry "
        "BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END",
        "CREATE TRIGGER entry_append_only_delete BEFORE DELETE ON entry "
        "BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION entry_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'entries are never changed'; END $$",
        "CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON entry "
        "FOR EACH ROW EXECUTE FUNCTION entry_append_only()",
    ),
}


class SchemaStatus(NamedTuple):
    """The schema of a database (None: it is empty) and the newest one, by their numbers."""

    current: str | None
    newest: str


def upgrade(url: DatabaseUrl, pepper: Path | None = None) -> None:
    """Create the schema, or run every step that it lacks, all or none; processes that start together take turns.

    With `pepper`, the file under which keys were stored, an empty database is taken for a lost one. Blocks: call it in
    a thread, or before the event loop runs. Raise StoreUnavailable, NewerSchema or LostDatabase.
    """
    if url.is_sqlite:
        if pepper is not None and sqlite_file_is_missing(url):
            raise LostDatabase(url.shown, str(pepper))
        make_sqlite_file_private(url)
    with unavailable_if_broken(url), blocking_engine(url) as engine, _locked(engine, url) as connection:
        _bring_up(connection, url, pepper)


def schema_status(url: DatabaseUrl) -> SchemaStatus:
    """Return which schema the database has and which is the newest; change nothing. Raise StoreUnavailable."""
    if url.is_sqlite and sqlite_file_is_missing(url):
        return SchemaStatus(None, NEWEST)
    with unavailable_if_broken(url), blocking_engine(url) as engine, engine.connect() as connection:
        return SchemaStatus(current(connection), NEWEST)


def current(connection: Connection) -> str | None:
    """Return the number of the schema that a database has, or None without one."""
    if not inspect(connection).has_table(schema_version.name):
        return None
    found: str | None = connection.execute(select(schema_version.c.version_num)).scalar()
    return found


def create(connection: Connection) -> None:
    """Give an empty database the newest schema."""
    metadata.create_all(connection, checkfirst=False)
    for statement in APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    schema_version.create(connection, checkfirst=False)
    connection.execute(schema_version.insert().values(version_num=NEWEST))


@contextmanager
def _locked(engine: Engine, url: DatabaseUrl) -> Iterator[Connection]:
    """Yield a connection in a transaction that no other process upgrades beside."""
    if url.is_sqlite:
        _turn_on_write_ahead_log(engine)
    with engine.connect().execution_options(**{BEGIN_OPTION: "EXCLUSIVE"}) as connection, connection.begin():
        if not url.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        yield connection


def _turn_on_write_ahead_log(engine: Engine) -> None:
    """Set the journal mode, which the file keeps. It cannot be set within a transaction, so none is begun.

    SQLite reads the file, then locks it to write: if another has locked it between, it fails without waiting.
    """
    last_try = monotonic() + BUSY_TIMEOUT_SECONDS
    with engine.connect().execution_options(**{BEGIN_OPTION: None}) as connection:
        while not _set_write_ahead_log(connection, raise_if_busy=monotonic() > last_try):
            sleep(BUSY_PAUSE_SECONDS)


def _set_write_ahead_log(connection: Connection, *, raise_if_busy: bool) -> bool:
    """Return whether the journal mode is set; it is not if another has locked the file."""
    try:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    except OperationalError as error:
        # The lowest byte is the kind of error.
        is_busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        if raise_if_busy or not is_busy:
            raise
        return False
    return True


def _bring_up(connection: Connection, url: DatabaseUrl, pepper: Path | None) -> None:
    if current(connection) == NEWEST:
        return
    if inspect(connection).get_table_names():
        import_module("service.storage.sql.migrations").run_steps(connection, url)
    elif pepper is not None:
        raise LostDatabase(url.shown, str(pepper))
    else:
        create(connection)
