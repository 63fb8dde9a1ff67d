"""ASGI applications served by a real uvicorn in a thread of the test process."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import uvicorn
from starlette.types import ASGIApp

Answer = TypeVar("Answer")


class Served:
    """A running application: its address, and a way into its event loop."""

    def __init__(self, app: ASGIApp, http: Literal["httptools", "h11"] = "httptools") -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        # Inherited by connections: else a head and a body that are written apart wait 40 ms for each other.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(app, http=http, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
        self.is_up = threading.Event()
        self.server = AnnouncedServer(config, self.is_up.set)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run)

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do something in the application's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self.server.serve(sockets=[self.socket]))


class AnnouncedServer(uvicorn.Server):
    """Calls `on_start` when it is up."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call `on_start`."""
        await super().startup(sockets)
        self.on_start()


@contextmanager
def served(app: ASGIApp, http: Literal["httptools", "h11"] = "httptools") -> Iterator[Served]:
    """The application for the time of the block."""
    running = Served(app, http)
    running.thread.start()
    try:
        assert running.is_up.wait(timeout=30)
        yield running
    finally:
        running.server.should_exit = True
        running.thread.join(timeout=30)
        running.socket.close()
        assert not running.thread.is_alive()
