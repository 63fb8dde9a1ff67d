"""Worker processes: gunicorn forks them after the vocabularies are loaded; uvicorn serves in each."""

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
import uvicorn
import uvicorn.lifespan.on
import uvicorn.loops.uvloop  # both are imported here for the workers, which would import them each for itself
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger
from starlette.types import ASGIApp
from uvicorn_worker import UvicornWorker  # type: ignore[import-untyped]  # it ships no types

from service.http.connection import ConnectionLimits
from service.http.protocol import LeanProtocol
from service.observability.shared_numbers import SharedNumbers
from service.runtime.descriptors import Descriptors
from service.runtime.settings import Settings

PR_SET_PDEATHSIG = 1
# Folder of the workers' heartbeat files: in memory if possible, so that a full or slow disk does not delay them.
MEMORY_FOLDER = "/dev/shm"  # noqa: S108  gunicorn makes files there as `mkstemp` does
# Pause before a worker is started again that ended sooner than this.
RETRY_SECONDS = 1.0
# Time between the deadline of streams and the end of the process, to charge and to close.
CUT_SECONDS = 2.0
# The application answers late bodies itself; the connection is closed this much later.
BODY_GRACE_SECONDS = 5.0


class Server(BaseApplication):
    """Runs `make_app()` in each worker on `listener` until SIGTERM or Ctrl-C.

    `on_ready` is called once; each worker has a slot of `numbers` while it lives.
    """

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        make_app: Callable[[], ASGIApp],
        on_ready: Callable[[], None],
        numbers: SharedNumbers,
    ) -> None:
        self.settings = settings
        # gunicorn closes the descriptor on shutdown. A copy of it would accept connections without answering.
        self.listener_fd = listener.detach()
        self.make_app = make_app
        self.on_ready = on_ready
        self.numbers = numbers
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        options: dict[str, Any] = {
            "bind": f"fd://{self.listener_fd}",
            "workers": self.settings.workers,
            "worker_class": Worker,
            "logger_class": Log,
            "graceful_timeout": self.settings.shutdown_timeout_seconds,
            "control_socket_disable": True,
            "worker_tmp_dir": MEMORY_FOLDER if os.access(MEMORY_FOLDER, os.W_OK | os.X_OK) else None,
            "post_fork": _end_with_parent,
            "when_ready": lambda _: self.on_ready(),
            "pre_fork": lambda _, worker: setattr(worker, "numbers", self.numbers.reserve()),
            "child_exit": lambda _, worker: self.numbers.release(worker.numbers),
            "forwarded_allow_ips": self.settings.trusted_proxies,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> ASGIApp:
        """Return the application. Called in each worker, so that no connection is shared by a fork."""
        return self.make_app()

    def run(self) -> None:
        """Serve until shutdown. Raise SystemExit."""
        GracefulArbiter(self).run()


class GracefulArbiter(Arbiter):
    """Treats Ctrl-C like SIGTERM: open requests finish.

    The first workers have to start. A replacement that cannot be started is tried again: the parent does not end
    because processes, descriptors or memory are used up.
    """

    app: Server
    log: Logger
    _no_start_before = 0.0

    def handle_int(self) -> None:
        """Handle Ctrl-C like SIGTERM."""
        self.handle_term()

    def spawn_workers(self) -> None:
        """Start the workers that are missing, unless starting them has just failed."""
        if time.monotonic() >= self._no_start_before:
            super().spawn_workers()

    def spawn_worker(self) -> int:
        """Start a worker, and return its process, or 0 if a replacement cannot be started now."""
        numbers = self.app.numbers
        umask = os.umask(0)
        os.umask(umask)
        try:
            process = super().spawn_worker()
        except (OSError, RuntimeError, MemoryError) as error:
            if os.getpid() != self.pid:
                os._exit(1)  # an error in the new worker before it runs
            os.umask(umask)  # gunicorn changes it for its file
            numbers.close_reservation(is_used=False)
            if self._starts_first_workers():
                raise
            self._no_start_before = time.monotonic() + RETRY_SECONDS
            structlog.get_logger("server").error("worker_not_started", reason=repr(error))
            return 0
        numbers.close_reservation(is_used=True)
        return process

    def reap_workers(self) -> None:
        """Handle ended workers. A worker that could not start ends the service only if it is one of the first."""
        known: dict[int, Any] = dict(self.WORKERS)
        halted: HaltServer | None = None
        try:
            super().reap_workers()
        except HaltServer as error:
            halted = error
        ended = [known[process] for process in known.keys() - self.WORKERS.keys()]
        if any(time.monotonic() - worker.made_at < RETRY_SECONDS for worker in ended):
            self._no_start_before = time.monotonic() + RETRY_SECONDS
        if halted is None:
            return
        if self._starts_first_workers():
            raise halted
        for worker in ended:  # the base class did not finish this for the last one; twice does no harm
            worker.tmp.close()
            self.cfg.child_exit(self, worker)
        self.reap_workers()

    def _starts_first_workers(self) -> bool:
        """Return whether no worker has been replaced yet."""
        return bool(self.worker_age <= self.cfg.workers)


class Worker(UvicornWorker):  # type: ignore[misc]  # its base has no types
    """A uvicorn server without its own access log, which would print query strings."""

    CONFIG_KWARGS = {  # noqa: RUF012  the base class reads it so
        "loop": "uvloop",
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "server_header": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.config.timeout_graceful_shutdown = self.cfg.graceful_timeout
        self.config.proxy_headers = bool(self.cfg.forwarded_allow_ips)
        self.made_at = time.monotonic()
        settings: Settings = self.app.settings
        self.config.timeout_keep_alive = settings.keep_alive_seconds  # not gunicorn's, which is 2 seconds
        limits = ConnectionLimits(
            settings.head_timeout_seconds,
            settings.body_timeout_seconds + BODY_GRACE_SECONDS,
            settings.write_timeout_seconds,
            Descriptors.of_process(),
        )
        self.config.http = partial(LeanProtocol, limits=limits)

    async def callback_notify(self) -> None:
        """Report to the parent, and stop if the parent has been killed before PR_SET_PDEATHSIG was set."""
        self.notify()
        if os.getppid() != self.ppid:
            signal.raise_signal(signal.SIGTERM)

    async def _serve(self) -> None:
        """Serve with a server that notifies the application when it begins to stop."""
        self.config.app = self.wsgi
        server = StoppingServer(self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class StoppingServer(uvicorn.Server):
    """A server that sets a deadline for streams when it begins to stop, before it would cut them itself."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, within the time for it."""
        grace_seconds = float(self.config.timeout_graceful_shutdown or 0)
        self.config.app.state.close_calls_in(max(grace_seconds - CUT_SECONDS, grace_seconds / 2))  # type: ignore[union-attr]  # it is ours
        # Before the parent kills the worker: the application needs some of the time to write what is left.
        let_go_in = max(grace_seconds - CUT_SECONDS / 2, grace_seconds * 3 / 4)
        asyncio.get_running_loop().call_later(let_go_in, self._let_go)
        await super().shutdown(sockets)

    def _let_go(self) -> None:
        """Close connections that wait for their clients."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, LeanProtocol) and connection.stalled_since() is not None:
                connection.abort()


class Log(Logger):
    """Passes gunicorn's messages to the log of the service."""

    def setup(self, cfg: Any) -> None:
        """Use the root logger's handlers and level."""
        self.cfg = cfg
        self.error_log.handlers = logging.getLogger().handlers
        self.error_log.setLevel(logging.getLogger().level)


def _end_with_parent(arbiter: Arbiter, worker: Worker) -> None:
    """Let the kernel end a worker when its parent is killed (Linux only)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
