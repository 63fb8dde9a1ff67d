"""Databases of either kind, for tests that take one for themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service.stores.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.service.stores.postgres import postgres_server

KINDS = ("sqlite", "postgres")


@contextmanager
def databases_of(kind: str, folder: Path) -> Iterator[Databases]:
    """Files in the folder, or a PostgreSQL server for the time of the block."""
    if kind == "sqlite":
        yield SqliteDatabases(folder)
    else:
        with postgres_server() as socket_folder:
            yield PostgresDatabases(socket_folder)
