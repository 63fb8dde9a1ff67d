"""Gateways in processes of their own that kill themselves, as if by `kill -9`, when a call reaches a certain point.

Arguments: FOLDER DATABASE_URL UPSTREAM_URL TIMES POINT... For each point a line says the port; a process is forked to
serve it, and another one when that is dead, so many times. The file FOLDER/POINT has the process's id.
"""

import gc
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import uvicorn
from sqlalchemy import Engine, Pool, event

from pricing_data import PriceBook
from service.app import create_app
from service.connections import Addresses, Connections
from service.runtime.settings import Settings
from service.storage.sql.url import DatabaseUrl
from tests.service.gateway.interrupted_calls import AtPoint, calls_reported_to
from tests.service.gateway.served_gateway import NO_REDIS, SETTINGS
from tests.service.storage.databases import PEPPERS
from tokenizer_registry import Registry

UPSTREAM_TIMEOUT_SECONDS = 20
# What a transaction is about, by the statement that only it has.
UNCOMMITTED = {"INSERT INTO hold": "holding", "INSERT INTO entry": "charging"}


class Place(NamedTuple):
    """A gateway's address and database, and the point of a call at which it dies."""

    listener: socket.socket
    point: str

    @property
    def deadly(self) -> str:
        """Return the point without the kind of call."""
        return self.point.partition("-")[2]


class Commits:
    """Reports the moment just before a hold, or a charge, is committed: by SQLAlchemy, or close to the drivers."""

    def __init__(self, at_point: AtPoint) -> None:
        self.at_point = at_point
        self.point = ""

    def hear(self, engine: Engine) -> None:
        """Record statements of this engine, and of every new connection of any engine."""
        event.listen(engine, "after_cursor_execute", lambda _, __, statement, *___: self.executed(statement))
        event.listen(engine, "commit", lambda _: self.executed("COMMIT"))
        event.listen(Pool, "connect", self.connected)

    def executed(self, statement: str) -> None:
        """Record what a transaction writes, and report its end."""
        for beginning, point in UNCOMMITTED.items():
            if beginning in statement:
                self.point = point
        if statement == "COMMIT":
            self.at_point(self.point)
            self.point = ""

    def connected(self, connection: Any, _: object) -> None:
        """Record statements that go to a driver directly."""
        driver = getattr(connection, "driver_connection", connection)
        if isinstance(driver, sqlite3.Connection):
            driver.set_trace_callback(self.executed)
        elif isinstance(driver, psycopg.AsyncConnection):
            driver.cursor_factory = heard_cursor(self.executed)


def heard_cursor(executed: Callable[[str], None]) -> type[psycopg.AsyncCursor[Any]]:
    """A cursor that reports the statements it executes with many rows."""

    class HeardCursor(psycopg.AsyncCursor[Any]):
        async def executemany(self, query: Any, *arguments: Any, **options: Any) -> None:
            await super().executemany(query, *arguments, **options)
            executed(str(query))

    return HeardCursor


def serve(place: Place, stores: Addresses, registry: Registry, book: PriceBook, upstream_url: str) -> None:
    """Serve until a call reaches the deadly point."""

    def at_point(name: str) -> None:
        if name == place.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    connections = Connections(stores, limits_without_redis="local")
    Commits(at_point).hear(connections.database.engine)
    changes = {"upstream_url": upstream_url, "upstream_timeout_seconds": UPSTREAM_TIMEOUT_SECONDS}
    settings = Settings.model_validate({**SETTINGS, **changes})
    with calls_reported_to(at_point):
        app = create_app(settings, connections, registry, book)
    uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[place.listener])


def main(folder: Path, database_url: str, upstream_url: str, times: int, points: list[str]) -> None:
    """Fork a server, and another one after each that is killed."""
    registry, book = Registry.from_package(), PriceBook.from_package()
    registry.vocabulary(SETTINGS["upstream_vocabulary"])
    stores = Addresses(NO_REDIS, DatabaseUrl.parse(database_url), PEPPERS)
    gc.freeze()
    left = {Place(socket.create_server(("127.0.0.1", 0)), point): times for point in points}
    sys.stdout.write("".join(f"{place.listener.getsockname()[1]}\n" for place in left))
    sys.stdout.flush()
    serving: dict[int, Place] = {}

    def fork(place: Place) -> None:
        left[place] -= 1
        child = os.fork()
        if child == 0:
            (folder / place.point).write_text(str(os.getpid()))
            serve(place, stores, registry, book, upstream_url)
            os._exit(0)
        serving[child] = place

    for place in left:
        fork(place)
    while serving:
        place = serving.pop(os.wait()[0])
        if left[place]:
            fork(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
