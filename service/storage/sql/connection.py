"""What a transaction offers: SQLAlchemy statements, and raw statements for those that run on every call.

A raw statement names its parameters `:like_this` and goes to the driver without SQLAlchemy, which would take several
times as long as the statement itself (docs/decisions/raw-sql.md).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    import psycopg

SqlParameters = Mapping[str, Any]
SqlRow = tuple[Any, ...]
# A raw statement and its parameter sets.
SqlStep = tuple[str, Sequence[SqlParameters]]
SqlResult = CursorResult[*tuple[Any, ...]]
# The database refuses the statement; all other errors concern the database itself.
STATEMENT_ERRORS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
# All errors that a transaction may end with: those of statements, and those of the database itself.
DATABASE_ERRORS = (DBAPIError, PoolTimeoutError)
# Raises StoreUnavailable for an error of the database itself; the second argument is whether it was to be written.
RaiseIfBroken = Callable[[Exception, bool], None]
_PARAMETER = re.compile(r":(\w+)")


class SqlConnection(Protocol):
    """A connection in a transaction. Errors are SQLAlchemy's, whichever method raises them."""

    async def execute(self, statement: Executable, parameters: Any = None) -> SqlResult:
        """Execute a SQLAlchemy statement and return its rows, all of them read."""

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Execute a SQLAlchemy statement and return the first column of its first row, or None."""

    async def fetch_each(self, statement: str, parameters: Sequence[SqlParameters]) -> list[SqlRow | None]:
        """Execute a raw statement once for each parameter set; return the one row of each execution, or None."""

    async def fetch_all(self, steps: Sequence[SqlStep]) -> list[list[SqlRow | None]]:
        """Execute raw statements one after the other, each as `fetch_each` does; return the rows of each."""

    async def run_each(self, statement: str, parameters: Sequence[SqlParameters]) -> None:
        """Execute a raw statement that returns no rows once for each parameter set."""


class PostgresqlConnection:
    """A SqlConnection to PostgreSQL. All parameter sets of a raw statement are sent in one round trip."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.execute = connection.execute
        self.scalar = connection.scalar
        self._connection = connection
        self._driver: psycopg.AsyncConnection[SqlRow] | None = None
        self._driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error

    async def fetch_each(self, statement: str, parameters: Sequence[SqlParameters]) -> list[SqlRow | None]:
        """Execute a raw statement once for each parameter set; return the one row of each execution, or None."""
        if not parameters:
            return []
        rows: list[SqlRow | None] = []
        driver = await self._raw()
        try:
            async with driver.cursor() as cursor:
                await cursor.executemany(_with_percent_names(statement), parameters, returning=True)
                while True:
                    rows.append(await cursor.fetchone())
                    if not cursor.nextset():
                        return rows
        except self._driver_error as error:
            raise as_sqlalchemy_error(statement, error, self._driver_error) from error

    async def fetch_all(self, steps: Sequence[SqlStep]) -> list[list[SqlRow | None]]:
        """Execute raw statements one after the other, each as `fetch_each` does; return the rows of each."""
        return [await self.fetch_each(statement, parameters) for statement, parameters in steps]

    async def run_each(self, statement: str, parameters: Sequence[SqlParameters]) -> None:
        """Execute a raw statement that returns no rows once for each parameter set."""
        if parameters:
            driver = await self._raw()
            try:
                async with driver.cursor() as cursor:
                    await cursor.executemany(_with_percent_names(statement), parameters)
            except self._driver_error as error:
                raise as_sqlalchemy_error(statement, error, self._driver_error) from error

    async def _raw(self) -> "psycopg.AsyncConnection[SqlRow]":
        if self._driver is None:
            driver: Any = (await self._connection.get_raw_connection()).driver_connection
            self._driver = driver
        return self._driver


def _with_percent_names(statement: str) -> Any:
    return _PARAMETER.sub(r"%(\1)s", statement)


def as_sqlalchemy_error(statement: str, error: Exception, base: type[Exception]) -> Exception:
    """Return SQLAlchemy's error of the same name for a driver's error, whose base class (PEP 249) is `base`."""
    wrapped = DBAPIError.instance(statement, None, error, base, hide_parameters=True)
    return wrapped if isinstance(wrapped, Exception) else error
