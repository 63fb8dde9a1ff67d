"""Bring a database to the newest schema."""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Column, Connection, Engine, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from service.storage.errors import LostDatabase
from service.storage.sql import sqlite_file
from service.storage.sql.engine import BEGIN_OPTION, blocking_engine, breakages
from service.storage.sql.tables import metadata
from service.storage.sql.url import DatabaseUrl

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
        return SchemaStatus(None, NEWEST)
    with breakages(url), blocking_engine(url) as engine, engine.connect() as connection:
        return SchemaStatus(current(connection), NEWEST)


def _bring_up(connection: Connection, url: DatabaseUrl, pepper: Path | None) -> None:
    if current(connection) == NEWEST:
        return
    if is_empty(connection):
        if pepper is not None:
            raise LostDatabase(url.shown, str(pepper))
        create(connection)
    else:
        import_module("service.storage.sql.steps").run(connection, url)


def _keep_a_write_ahead_log(engine: Engine) -> None:
    """The file remembers the mode. It cannot be changed within a transaction, so none is begun."""
    with engine.connect().execution_options(**{BEGIN_OPTION: None}) as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")


NEWEST = "0006"
# Where the steps' tool keeps the number; as it makes the table itself.
version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
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


def current(connection: Connection) -> str | None:
    """The number of the schema that a database has; None without one."""
    if not inspect(connection).has_table(version.name):
        return None
    found: str | None = connection.execute(select(version.c.version_num)).scalar()
    return found


def is_empty(connection: Connection) -> bool:
    """Whether a database has no tables at all."""
    return not inspect(connection).get_table_names()


def create(connection: Connection) -> None:
    """Give an empty database the newest schema."""
    metadata.create_all(connection, checkfirst=False)
    for statement in APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    version.create(connection, checkfirst=False)
    connection.execute(version.insert().values(version_num=NEWEST))
