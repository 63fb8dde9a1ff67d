"""New databases for the tests, SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

from service.auth.pepper import Pepper, Peppers
from service.auth.sql_accounts import SqlAccountStore
from service.storage.sql.engine import Database
from service.storage.sql.migrate import upgrade
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import Clock

OLD_PEPPER = Pepper.of(b"o" * 32)
PEPPERS = Peppers((Pepper.of(b"n" * 32), OLD_PEPPER))


class Databases(Protocol):
    """A maker of databases of one kind."""

    def empty(self) -> DatabaseUrl:
        """Return a new database without tables."""


class SqliteDatabases:
    """SQLite databases, each a file in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()

    def empty(self) -> DatabaseUrl:
        """Return a file that does not exist yet."""
        return DatabaseUrl.of_file(self.folder / f"{next(self.numbers)}.db")


class PostgresDatabases:
    """Schemas in the one database of a running server, which are created much faster than databases."""

    def __init__(self, socket_folder: Path) -> None:
        self.host = str(socket_folder)
        self.numbers = count()

    def empty(self) -> DatabaseUrl:
        """Return a new schema, the only one that its connections see."""
        name = f"test_{next(self.numbers)}"
        with psycopg.connect(host=self.host, user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        return DatabaseUrl.parse(f"postgresql://postgres@/postgres?host={self.host}&options=-csearch_path%3D{name}")


@asynccontextmanager
async def account_store(url: DatabaseUrl, clock: Clock, peppers: Peppers = PEPPERS) -> AsyncIterator[SqlAccountStore]:
    """Yield an account store on a database with the newest schema."""
    upgrade(url)
    database = Database(url)
    try:
        yield SqlAccountStore(database, peppers, clock.now)
    finally:
        await database.close()


def text_of(url: DatabaseUrl) -> str:
    """Return the URL as an operator writes it."""
    return url.with_driver.set(drivername=url.with_driver.get_backend_name()).render_as_string(hide_password=False)
