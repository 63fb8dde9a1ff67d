"""Bring a database to the newest schema."""

from io import StringIO
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from service.stores.errors import NewerSchema
from service.stores.sql.engine import BEGIN_OPTION, blocking_engine, breakages
from service.stores.sql.url import DatabaseUrl

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do, as long as every version of the service uses the same.
ADVISORY_LOCK = 0x_7765_6967_6862


class SchemaStatus(NamedTuple):
    """The schema of a database (None: it is empty) and the newest one, by their numbers."""

    current: str | None
    newest: str


def upgrade(url: DatabaseUrl) -> None:
    """Run every step that the database lacks, all or none; processes that start at once wait for each other.

    Blocks: call it in a thread, or before the event loop runs. Raises StoreUnavailable, NewerSchema.
    """
    with breakages(url), blocking_engine(url) as engine:
        if url.is_sqlite:
            _keep_a_write_ahead_log(engine)
        with (
            engine.connect().execution_options(**{BEGIN_OPTION: "EXCLUSIVE"}) as connection,
            connection.begin(),
        ):
            if not url.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
            _run(connection, url)


def schema_status(url: DatabaseUrl) -> SchemaStatus:
    """Which schema the database has, and which is the newest. Nothing is changed. Raises StoreUnavailable."""
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""
    if url.is_sqlite and not Path(str(url.blocking.database)).exists():
        return SchemaStatus(None, newest)
    with breakages(url), blocking_engine(url) as engine, engine.connect() as connection:
        return SchemaStatus(MigrationContext.configure(connection).get_current_revision(), newest)


def alembic_config(connection: Connection) -> Config:
    """What an Alembic command needs to run on this connection: no file on disk, nothing printed."""
    config = Config(stdout=StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _run(connection: Connection, url: DatabaseUrl) -> None:
    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        if "locate revision" not in str(error):
            raise
        raise NewerSchema(url.shown) from error


def _keep_a_write_ahead_log(engine: Engine) -> None:
    """The file remembers the mode. It cannot be changed within a transaction, so none is begun."""
    with engine.connect().execution_options(**{BEGIN_OPTION: None}) as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
