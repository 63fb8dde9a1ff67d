"""The newest schema: its number, and how an empty database gets it directly, without the steps that led to it."""

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from service.stores.sql.tables import metadata

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
