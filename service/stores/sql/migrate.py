"""Bring a database to the newest schema."""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from service.stores.errors import LostDatabase
from service.stores.sql import schema, sqlite_file
from service.stores.sql.engine import BEGIN_OPTION, blocking_engine, breakages
from service.stores.sql.url import DatabaseUrl

# Any number will do, as long as every version of the service uses the same.
ADVISORY_LOCK = 0x_7765_6967_6862


class SchemaStatus(NamedTuple):
    """The schema of a database (None: it is empty) and the newest one, by their numbers."""

    current: str | None
    newest: str


def upgrade(url: DatabaseUrl, pepper: Path | None = None) -> None:
    """Make the schema, or run every step that it lacks, all or none; processes that start together wait for each other.

    With `pepper`, the file under which keys were stored, an empty database is not the right one. Blocks: call it in a
    thread, or before the event loop runs. Raises StoreUnavailable, NewerSchema, LostDatabase.
    """
    if url.is_sqlite:
        if pepper is not None and sqlite_file.is_missing(url):
            raise LostDatabase(url.shown, str(pepper))
        sqlite_file.keep_private(url)
    with breakages(url), blocking_engine(url) as engine:
        if url.is_sqlite:
            _keep_a_write_ahead_log(engine)
        with (
            engine.connect().execution_options(**{BEGIN_OPTION: "EXCLUSIVE"}) as connection,
            connection.begin(),
        ):
            if not url.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
            _bring_up(connection, url, pepper)


def schema_status(url: DatabaseUrl) -> SchemaStatus:
    """Which schema the database has, and which is the newest. Nothing is changed. Raises StoreUnavailable."""
    if url.is_sqlite and sqlite_file.is_missing(url):
        return SchemaStatus(None, schema.NEWEST)
    with breakages(url), blocking_engine(url) as engine, engine.connect() as connection:
        return SchemaStatus(schema.current(connection), schema.NEWEST)


def _bring_up(connection: Connection, url: DatabaseUrl, pepper: Path | None) -> None:
    if schema.current(connection) == schema.NEWEST:
        return
    if schema.is_empty(connection):
        if pepper is not None:
            raise LostDatabase(url.shown, str(pepper))
        schema.create(connection)
    else:
        import_module("service.stores.sql.steps").run(connection, url)


def _keep_a_write_ahead_log(engine: Engine) -> None:
    """The file remembers the mode. It cannot be changed within a transaction, so none is begun."""
    with engine.connect().execution_options(**{BEGIN_OPTION: None}) as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
