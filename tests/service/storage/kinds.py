"""Databases of either kind, for tests that need one of their own."""

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
    """Yield databases in files of the folder, or in a PostgreSQL server that runs during the block."""
    if kind == "sqlite":
        yield SqliteDatabases(folder)
    else:
        with postgres_server() as socket_folder:
            yield PostgresDatabases(socket_folder)
