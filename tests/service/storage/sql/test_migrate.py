"""Migrations of a database to the newest schema."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.engine import ExceptionContext

from service.storage.errors import NewerSchema
from service.storage.sql.engine import blocking_engine
from service.storage.sql.migrate import NEWEST, schema_status, upgrade
from service.storage.sql.migrations import MIGRATIONS, alembic_config
from service.storage.sql.tables import metadata
from service.storage.sql.url import DatabaseUrl
from tests.service.storage.databases import Databases

# Every step that a database can be at. A database at a step is upgraded by the later steps, not created anew.
STEPS = sorted(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("r*.py"))
# Every detail of a schema, as PostgreSQL itself would write it; SQLite keeps the original statements.
OF_POSTGRESQL = (
    "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default "
    "FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, ordinal_position",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2",
    "SELECT tablename, indexname, replace(indexdef, schemaname, '') FROM pg_indexes "
    "WHERE schemaname = current_schema() ORDER BY 1, 2",
    "SELECT tgname, replace(pg_get_triggerdef(t.oid), current_schema(), '') FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal",
    "SELECT proname, prosrc, prorettype::regtype::text FROM pg_proc "
    "WHERE pronamespace = current_schema()::regnamespace",
)


def at_step(url: DatabaseUrl, step: str) -> DatabaseUrl:
    """Return the database, migrated from nothing to a step."""
    with blocking_engine(url) as engine, engine.begin() as connection:
        command.upgrade(alembic_config(connection), step)
    return url


def begun_at(databases: Databases, step: str) -> DatabaseUrl:
    """Return a new database, empty or at a step."""
    return databases.empty() if step == "base" else at_step(databases.empty(), step)


def everything(url: DatabaseUrl) -> list[Any]:
    """Return every detail of a schema: order of columns, defaults, conditions of indexes, triggers."""
    with blocking_engine(url) as engine, engine.connect() as connection:
        if not url.is_sqlite:
            return [[tuple(row) for row in connection.execute(text(query))] for query in OF_POSTGRESQL]
        tables = sorted(inspect(connection).get_table_names())
        asked = [f"PRAGMA {what}({table})" for table in tables for what in ("table_xinfo", "foreign_key_list")]
        found = [sorted(tuple(row)[1:] for row in connection.execute(text(query))) for query in asked]
        kept = "SELECT type, name, sql FROM sqlite_master WHERE type != 'table' ORDER BY 1, 2"
        order = [connection.execute(text(f"SELECT * FROM {table}")).keys() for table in tables]
        return [schema(connection), found, [list(keys) for keys in order], list(connection.execute(text(kept)))]


def versions(url: DatabaseUrl) -> list[str]:
    """Return the version of its schema that the database records."""
    with blocking_engine(url) as engine, engine.connect() as connection:
        return [row[0] for row in connection.execute(text("SELECT version_num FROM alembic_version"))]


def schema(connection: Connection) -> dict[str, Any]:
    """Return the tables with their columns and named constraints."""
    found = inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], repr(column["type"]), column["nullable"]) for column in found.get_columns(table)
            ],
            "primary key": found.get_pk_constraint(table)["name"],
            "unique": sorted(str(unique["name"]) for unique in found.get_unique_constraints(table)),
            "checks": sorted((str(check["name"]), check["sqltext"]) for check in found.get_check_constraints(table)),
            "foreign keys": sorted(str(key["name"]) for key in found.get_foreign_keys(table)),
            "indexes": sorted(str(index["name"]) for index in found.get_indexes(table)),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def upgrade_in_process(url: str) -> None:
    """Upgrade as another process of the service does at its start."""
    upgrade(DatabaseUrl.parse(url))


def test_the_newest_schema_is_that_of_the_last_step() -> None:
    """The number in the code is that of the last migration file."""
    assert STEPS[-1] == NEWEST


def test_an_empty_database_gets_the_newest_schema(databases: Databases) -> None:
    """An empty database gets the newest schema, and a second run changes nothing."""
    url = databases.empty()
    assert schema_status(url) == (None, NEWEST)
    for _ in range(2):
        upgrade(url)
        assert versions(url) == [NEWEST]
        assert schema_status(url) == (NEWEST, NEWEST)


@pytest.mark.parametrize("step", STEPS)
def test_a_new_database_is_as_the_steps_make_it(databases: Databases, step: str) -> None:
    """A new database equals one that was migrated from any older schema, to the last trigger and default."""
    made, brought_up = databases.empty(), at_step(databases.empty(), step)
    upgrade(made)
    upgrade(brought_up)
    assert versions(brought_up) == [NEWEST]
    assert everything(made) == everything(brought_up)


def test_the_steps_lead_to_the_tables_of_the_code(databases: Databases) -> None:
    """Alembic's own check finds no difference between the migrated database and `tables.py`."""
    url = at_step(databases.empty(), "head")
    with blocking_engine(url) as engine, engine.connect() as connection:
        command.check(alembic_config(connection))


def test_names_of_constraints_agree_with_the_code(databases: Databases) -> None:
    """Every constraint of the migrations, checks included, is named and written as in `tables.py`."""
    migrated, made = at_step(databases.empty(), "head"), databases.empty()
    with blocking_engine(made) as engine, engine.begin() as connection:
        metadata.create_all(connection)
        expected = schema(connection)
    with blocking_engine(migrated) as engine, engine.connect() as connection:
        assert schema(connection) == expected
    assert expected["api_key"]["foreign keys"] == ["fk_api_key_account_id_account"]


@pytest.mark.parametrize("step", ["base", STEPS[0]])
def test_processes_that_start_at_once_do_not_disturb_each_other(databases: Databases, step: str) -> None:
    """Processes that migrate one database together, empty or old, all succeed, and each step is run once."""
    url = begun_at(databases, step)
    with get_context("spawn").Pool(2) as pool:
        pool.map(upgrade_in_process, [url.with_driver.render_as_string(hide_password=False)] * 4, chunksize=1)
    assert versions(url) == [NEWEST]


@pytest.mark.parametrize("step", ["base", STEPS[0]])
def test_threads_that_start_at_once_do_not_disturb_each_other(databases: Databases, step: str) -> None:
    """Eight threads, which collide more often than processes, all succeed on an empty or old database."""
    url = begun_at(databases, step)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upgrade, [url] * 8))
    assert versions(url) == [NEWEST]


def test_a_sqlite_file_that_is_written_just_then_is_waited_for(databases: Databases) -> None:
    """A file that another process begins to write, while its journal mode is to be set, is upgraded after that."""
    url = databases.empty()
    if not url.is_sqlite:
        pytest.skip("PostgreSQL has no journal mode.")
    refused: list[str] = []
    with closing(sqlite3.connect(str(url.with_driver.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def end_of_writing(context: ExceptionContext) -> None:
            refused.append(str(context.original_exception))
            other.rollback()

        event.listen(Engine, "handle_error", end_of_writing)
        try:
            upgrade(url)
        finally:
            event.remove(Engine, "handle_error", end_of_writing)
    assert refused == ["database is locked"]
    assert versions(url) == [NEWEST]


def test_a_step_that_fails_leaves_nothing_behind(databases: Databases) -> None:
    """If a table of the first step exists already, no other table and no version is left."""
    url = databases.empty()
    with blocking_engine(url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE api_key (id TEXT)"))
    with pytest.raises(Exception, match="api_key"):
        upgrade(url)
    with blocking_engine(url) as engine, engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["api_key"]


def test_a_newer_database_is_left_alone(databases: Databases) -> None:
    """A schema newer than this version is refused in one sentence."""
    url = databases.empty()
    upgrade(url)
    with blocking_engine(url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchema, match="newer version"):
        upgrade(url)
    assert versions(url) == ["9999"]
    assert schema_status(url) == ("9999", NEWEST)


def test_steps_can_be_taken_back(databases: Databases) -> None:
    """Down to nothing and up again gives the newest schema."""
    url = databases.empty()
    upgrade(url)
    with blocking_engine(url) as engine, engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    upgrade(url)
    assert versions(url) == [NEWEST]


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    """After the migrations, in every later connection, readers of a SQLite file do not wait for writers."""
    url = DatabaseUrl.of_file(tmp_path / "a.db")
    upgrade(url)
    with blocking_engine(url) as engine, engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
