"""The steps from one schema to the next, as Alembic runs them: importing it takes long, and few starts need it."""

from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from service.storage.errors import NewerSchema
from service.storage.sql.url import DatabaseUrl

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection) -> Config:
    """What an Alembic command needs to run on this connection: no file on disk, nothing printed."""
    config = Config(stdout=StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def run(connection: Connection, url: DatabaseUrl) -> None:
    """Run every step that the database lacks. Raises NewerSchema."""
    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        if "locate revision" not in str(error):
            raise
        raise NewerSchema(url.shown) from error
