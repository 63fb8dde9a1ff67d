"""ASGI applications served by a real uvicorn in a thread of the test process."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import uvicorn
from starlette.types import ASGIApp

Answer = TypeVar("Answer")


class Served:
    """A running application: its address, and a way into its event loop."""

    def __init__(self, app: ASGIApp, http: Literal["httptools", "h11"] = "httptools") -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(app, http=http, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
        self.server = uvicorn.Server(config)
        self.loop = asyncio.new_event_loop()
        self.is_up = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do something in the application's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serving = asyncio.create_task(self.server.serve(sockets=[self.socket]))
        await _either(serving, self._started())
        self.is_up.set()
        await serving

    async def _started(self) -> None:
        while not self.server.started:
            await asyncio.sleep(0.005)


async def _either(one: "asyncio.Task[Any]", other: Awaitable[None]) -> None:
    waiting = asyncio.ensure_future(other)
    await asyncio.wait({one, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


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
