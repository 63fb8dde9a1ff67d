"""What a transaction offers: SQLAlchemy statements, and raw statements for those that run on every call.

A raw statement names its parameters `:like_this` and goes to the driver without SQLAlchemy, which would take several
times as long as the statement itself (docs/decisions/raw-sql.md).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    import psycopg

SqlParameters = Mapping[str, Any]
SqlRow = tuple[Any, ...]
SqlResult = CursorResult[*tuple[Any, ...]]
# The database refuses the statement; all other errors concern the database itself.
STATEMENT_ERRORS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
_PARAMETER = re.compile(r":(\w+)")


class SqlConnection(Protocol):
    """A connection in a transaction. Errors are SQLAlchemy's, whichever method raises them."""

    async def execute(self, statement: Executable, parameters: Any = None) -> SqlResult:
        """Execute a SQLAlchemy statement and return its rows, all of them read."""

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Execute a SQLAlchemy statement and return the first column of its first row, or None."""

    async def fetch_each(self, statement: str, parameters: Sequence[SqlParameters]) -> list[SqlRow | None]:
        """Execute a raw statement once for each parameter set; return the one row of each execution, or None."""

    async def run_each(self, statement: str, parameters: Sequence[SqlParameters]) -> None:
        """Execute a raw statement that returns no rows once for each parameter set."""


class PostgresqlConnection:
    """A SqlConnection to PostgreSQL. All parameter sets of a raw statement are sent in one round trip."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.execute = connection.execute
        self.scalar = connection.scalar
        self._connection = connection
        self._driver: psycopg.AsyncConnection[SqlRow] | None = None

    async def fetch_each(self, statement: str, parameters: Sequence[SqlParameters]) -> list[SqlRow | None]:
        """Execute a raw statement once for each parameter set; return the one row of each execution, or None."""
        if not parameters:
            return []
        rows: list[SqlRow | None] = []
        driver = await self._raw()
        with raised_as_sqlalchemy(statement):
            async with driver.cursor() as cursor:
                await cursor.executemany(_with_percent_names(statement), parameters, returning=True)
                while True:
                    rows.append(await cursor.fetchone())
                    if not cursor.nextset():
                        return rows

    async def run_each(self, statement: str, parameters: Sequence[SqlParameters]) -> None:
        """Execute a raw statement that returns no rows once for each parameter set."""
        if parameters:
            driver = await self._raw()
            with raised_as_sqlalchemy(statement):
                async with driver.cursor() as cursor:
                    await cursor.executemany(_with_percent_names(statement), parameters)

    async def _raw(self) -> "psycopg.AsyncConnection[SqlRow]":
        if self._driver is None:
            driver: Any = (await self._connection.get_raw_connection()).driver_connection
            self._driver = driver
        return self._driver


def _with_percent_names(statement: str) -> Any:
    return _PARAMETER.sub(r"%(\1)s", statement)


@contextmanager
def raised_as_sqlalchemy(statement: str) -> Iterator[None]:
    """Raise a driver's error as SQLAlchemy's error of the same name (PEP 249), as its own statements do."""
    try:
        yield
    except Exception as error:
        base = next((kind for kind in type(error).__mro__ if kind.__name__ == "Error"), None)
        if base is None:
            raise
        raised = DBAPIError.instance(statement, None, error, base, hide_parameters=True)
        raise raised from error
