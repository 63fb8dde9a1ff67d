"""Databases of either kind, for tests that take one for themselves."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service.storage.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.service.storage.postgres import postgres_server

# PostgreSQL in `make promises` alone: in `make test` the ledger's own tests run on it, and these cost most.
KINDS = ("sqlite", "postgres") if "PROMISES_TIMED" in os.environ else ("sqlite",)


@contextmanager
def databases_of(kind: str, folder: Path) -> Iterator[Databases]:
    """Files in the folder, or a PostgreSQL server for the time of the block."""
    if kind == "sqlite":
        yield SqliteDatabases(folder)
    else:
        with postgres_server() as socket_folder:
            yield PostgresDatabases(socket_folder)
