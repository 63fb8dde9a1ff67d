"""Runs the embedded Valkey server, and ends it when the service is gone.

A program of its own that needs the standard library only: `valkey_guard.py LOCK FOLDER LOGS COMMAND…`. LOCK is an open
file that the server inherits; FOLDER is removed at the end, unless it is the empty string. Standard input is a pipe
that the service holds open: it writes "+" when the server has answered for the first time, and "." to stop it. After
that, or when the pipe closes because the service has died, the server gets SIGTERM, and SIGKILL if it does not end. A
server that has answered and ends by itself is started again for as long as the service lives: a full disk, or one that
is not mounted, may come back. One that never answered ends the guard, unless it was killed by a signal.

Every second the guard syncs the server's append-only files in LOGS to the disk. The server could do so itself
(`appendfsync everysec`), but while the disk is slow it would delay writes that it has already acknowledged by up to two
seconds, and a kill would lose them. This way, everything acknowledged is in the file.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

POLL_SECONDS = 0.2
TERMINATION_TIMEOUT_SECONDS = 8.0
# Up to this many in a minute are immediate; further ones wait.
MAX_QUICK_RESTARTS = 5
RESTARTS_FORGOTTEN_AFTER_SECONDS = 60.0
SLOW_RESTART_SECONDS = 5.0
SYNC_SECONDS = 1.0
ANSWERED, STOP = b"+", b"."
CANNOT_START = 1


class Guard:
    """Keeps one server running until its owner stops it."""

    def __init__(self, lock: int, logs: Path, command: list[str]) -> None:
        self._lock = lock
        self._logs = logs
        self._synced_at = time.monotonic()
        self._command = command
        self._stop_requested = False
        self._has_answered = False
        self._restarts: list[float] = []

    def run(self) -> int:
        """Run until the end and return the exit status of the server."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        server = self._start()
        while not self._must_stop():
            status = CANNOT_START if server is None else server.poll()
            if status is not None:
                if not self._may_restart(status):
                    return abs(status)
                if not self._pause():
                    return 0
                server = self._start()
            self._sync()
        return 0 if server is None else self._end(server)

    def _start(self) -> subprocess.Popen[bytes] | None:
        """Start the server; return None if it has answered before and the system has no process for it now."""
        try:
            return subprocess.Popen(  # noqa: S603  the command is the service's own
                self._command, stdin=subprocess.DEVNULL, pass_fds=[self._lock]
            )
        except OSError:
            if self._has_answered:
                return None
            raise

    def _must_stop(self) -> bool:
        """Wait up to POLL_SECONDS for a command of the service; return whether the server must stop."""
        readable, _, _ = select.select([sys.stdin], [], [], POLL_SECONDS)
        if readable:
            received = os.read(sys.stdin.fileno(), 64)
            self._has_answered |= received.startswith(ANSWERED)
            self._stop_requested |= not received or STOP in received
        return self._stop_requested

    def _sync(self) -> None:
        """Once a second, sync what the server has written, so that it survives a crash of the machine."""
        if time.monotonic() < self._synced_at + SYNC_SECONDS:
            return
        for log in self._logs.glob("*.aof"):
            with contextlib.suppress(OSError), log.open("rb") as opened:  # a rewrite may remove an old one
                os.fdatasync(opened.fileno())
        self._synced_at = time.monotonic()

    def _may_restart(self, status: int) -> bool:
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if at > now - RESTARTS_FORGOTTEN_AFTER_SECONDS]
        self._restarts.append(now)
        return self._has_answered or (status < 0 and len(self._restarts) <= MAX_QUICK_RESTARTS)

    def _pause(self) -> bool:
        """Wait before the next start if there were many; return whether the service still wants it."""
        ends_at = time.monotonic() + (SLOW_RESTART_SECONDS if len(self._restarts) > MAX_QUICK_RESTARTS else 0)
        while time.monotonic() < ends_at:
            if self._must_stop():
                return False
        return True

    def _end(self, server: subprocess.Popen[bytes]) -> int:
        server.terminate()
        try:
            return abs(server.wait(TERMINATION_TIMEOUT_SECONDS))
        except subprocess.TimeoutExpired:
            server.kill()
            return abs(server.wait())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_requested = True


def main(lock: str, folder: str, logs: str, *command: str) -> int:
    """Run the server to its end, then clean up."""
    try:
        return Guard(int(lock), Path(logs), list(command)).run()
    finally:
        if folder:
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
