"""Dumps of a whole database as text."""

from pathlib import Path

from sqlalchemy import MetaData, select

from service.storage.sql.engine import blocking_engine
from service.storage.sql.url import DatabaseUrl


def dump(url: DatabaseUrl) -> str:
    """Return every row of every table in the database; for SQLite also the bytes of its files."""
    with blocking_engine(url) as engine, engine.connect() as connection:
        found = MetaData()
        found.reflect(connection)
        rows = [str(row) for table in found.sorted_tables for row in connection.execute(select(table))]
    return "\n".join([*rows, *_files(url)])


def _files(url: DatabaseUrl) -> list[str]:
    if not url.is_sqlite:
        return []
    path = Path(str(url.with_driver.database))
    return [file.read_bytes().decode("latin-1") for file in sorted(path.parent.glob(f"{path.name}*"))]
