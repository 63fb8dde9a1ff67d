"""Gateways in processes of their own that kill themselves, as if by `kill -9`, when a call reaches a certain point.

Arguments: UPSTREAM_URL and pairs POINT=DATABASE_URL. For each pair a process is forked, and a line says its port.
"""

import os
import signal
import socket
import sys

import uvicorn

from pricing_data import PriceBook
from service.app import create_app
from service.connections import Addresses, Connections
from service.settings import Settings
from service.stores.sql.url import DatabaseUrl
from tests.service.gateway.served_gateway import NO_REDIS, SETTINGS
from tests.service.stores.databases import PEPPERS
from tokenizer_registry import Registry


def serve(listener: socket.socket, registry: Registry, database_url: str, upstream_url: str, deadly: str) -> None:
    """Until a call gets to the deadly point."""

    def at_point(name: str) -> None:
        if name == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    addresses = Addresses(NO_REDIS, DatabaseUrl.parse(database_url), PEPPERS)
    connections = Connections(addresses, limits_without_redis="local", workers=1)
    settings = Settings.model_validate({**SETTINGS, "upstream_url": upstream_url, "upstream_timeout_seconds": 20})
    app = create_app(settings, connections, registry, PriceBook.from_package(), at_point)
    uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[listener])


def main(upstream_url: str, pairs: list[str]) -> None:
    """Fork, and wait."""
    registry = Registry.from_package()
    for pair in pairs:
        point, _, database_url = pair.partition("=")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            child = os.fork()
            if child == 0:
                serve(listener, registry, database_url, upstream_url, point)
                os._exit(0)
            sys.stdout.write(f"{listener.getsockname()[1]}\n")
            sys.stdout.flush()
    for _ in pairs:
        os.wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
