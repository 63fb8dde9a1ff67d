"""The steps that bring a database to the newest schema, run by Alembic; one file a step in `versions`.

A step is written by hand and never changed once released. It spells out its tables: it must not
import `tables.py`, which moves on. Importing this module imports Alembic, which few starts need: only
`service.storage.sql.migrate` does so, when a database has an older schema.
"""

from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from service.storage.errors import NewerSchema
from service.storage.sql.url import DatabaseUrl

MIGRATIONS = Path(__file__).parent


def alembic_config(connection: Connection) -> Config:
    """Return the configuration with which an Alembic command runs on this connection, without files or output."""
    config = Config(stdout=StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def run_steps(connection: Connection, url: DatabaseUrl) -> None:
    """Run every step that the database lacks. Raise NewerSchema if it has a step that this version does not know."""
    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        if "locate revision" not in str(error):
            raise
        raise NewerSchema(url.shown) from error
