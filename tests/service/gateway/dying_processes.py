"""Gateways in processes of their own that kill themselves, as if by `kill -9`, when a call reaches a certain point.

Arguments: FOLDER DATABASE_URL UPSTREAM_URL TIMES POINT... For each point a line says the port; a process is forked to
serve it, and another one when that is dead, so many times. The file FOLDER/POINT has the process's id.
"""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from sqlalchemy import Connection, Engine, event

from pricing_data import PriceBook
from service.app import create_app
from service.connections import Addresses, Connections
from service.settings import Settings
from service.stores.sql.url import DatabaseUrl
from tests.service.gateway.served_gateway import NO_REDIS, SETTINGS
from tests.service.stores.databases import PEPPERS
from tokenizer_registry import Registry

UPSTREAM_TIMEOUT_SECONDS = 20
# What a transaction is about, by the statement that only it has.
UNCOMMITTED = {"INSERT INTO hold": "holding", "INSERT INTO entry": "charging"}


class Place(NamedTuple):
    """Where a gateway is served, and where in a call it dies."""

    listener: socket.socket
    point: str

    @property
    def deadly(self) -> str:
        """The point without the kind of call."""
        return self.point.partition("-")[2]


def hear_commits(engine: Engine, at_point: Callable[[str], None]) -> None:
    """Tell of the moment just before a hold, or a charge, is committed."""

    @event.listens_for(engine, "after_cursor_execute")
    def executed(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        for beginning, point in UNCOMMITTED.items():
            if beginning in statement:
                connection.info["point"] = point

    @event.listens_for(engine, "commit")
    def committing(connection: Connection) -> None:
        at_point(connection.info.pop("point", ""))


def serve(place: Place, stores: Addresses, registry: Registry, book: PriceBook, upstream_url: str) -> None:
    """Until a call gets to the deadly point."""

    def at_point(name: str) -> None:
        if name == place.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    connections = Connections(stores, limits_without_redis="local", workers=1)
    hear_commits(connections.database.engine.sync_engine, at_point)
    changes = {"upstream_url": upstream_url, "upstream_timeout_seconds": UPSTREAM_TIMEOUT_SECONDS}
    settings = Settings.model_validate({**SETTINGS, **changes})
    app = create_app(settings, connections, registry, book, at_point)
    uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[place.listener])


def main(folder: Path, database_url: str, upstream_url: str, times: int, points: list[str]) -> None:
    """Fork, and fork again for each that is killed."""
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
