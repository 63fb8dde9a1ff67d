"""Runs the embedded Valkey server, and ends it when the service is gone.

A program of its own that needs the standard library only: `valkey_guard.py LOCK FOLDER LOGS COMMAND…`. LOCK
is an open file that the server inherits; FOLDER is removed at the end, if it is not empty text. Standard
input is a pipe that the service holds open: it writes "+" when the server has answered for the first time, and
"." to stop its store. When it does, or when the pipe closes, because the service has died by whatever signal, the
server is asked to end, and after a while made to. A server that has answered and ends by itself is started again
for as long as the service lives: a full disk, or one that is away, comes back. One that never answered ends the guard,
unless it was killed by a signal.

Every second the guard has the server's append-only files in LOGS written to the disk. The server could do so
itself (`appendfsync everysec`), but while the disk is slow it would hold back, for up to two seconds, what it
has already acknowledged, and a kill would lose that. As it is, everything acknowledged is in the file at once.
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
PATIENCE_SECONDS = 8.0
# So many in a minute are immediate; further ones wait.
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
        self._told_to_stop = False
        self._has_answered = False
        self._restarts: list[float] = []

    def run(self) -> int:
        """Wait for the end; the server's exit status."""
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
        """The server, or None if no process can be had for it."""
        try:
            return subprocess.Popen(  # noqa: S603  the command is the service's own
                self._command, stdin=subprocess.DEVNULL, pass_fds=[self._lock]
            )
        except OSError:
            if self._has_answered:
                return None
            raise

    def _must_stop(self) -> bool:
        """Wait a moment, or until the service says something or is gone."""
        readable, _, _ = select.select([sys.stdin], [], [], POLL_SECONDS)
        if readable:
            said = os.read(sys.stdin.fileno(), 64)
            self._has_answered |= said.startswith(ANSWERED)
            self._told_to_stop |= not said or STOP in said
        return self._told_to_stop

    def _sync(self) -> None:
        """Once a second: what the server has written is to outlive the machine too."""
        if time.monotonic() < self._synced_at + SYNC_SECONDS:
            return
        for log in self._logs.glob("*.aof"):
            with contextlib.suppress(OSError), log.open("rb") as opened:  # a rewrite may take an old one away
                os.fdatasync(opened.fileno())
        self._synced_at = time.monotonic()

    def _may_restart(self, status: int) -> bool:
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if at > now - RESTARTS_FORGOTTEN_AFTER_SECONDS]
        self._restarts.append(now)
        return self._has_answered or (status < 0 and len(self._restarts) <= MAX_QUICK_RESTARTS)

    def _pause(self) -> bool:
        """Wait before the next start if there were many; whether the service still wants one."""
        ends_at = time.monotonic() + (SLOW_RESTART_SECONDS if len(self._restarts) > MAX_QUICK_RESTARTS else 0)
        while time.monotonic() < ends_at:
            if self._must_stop():
                return False
        return True

    def _end(self, server: subprocess.Popen[bytes]) -> int:
        server.terminate()
        try:
            return abs(server.wait(PATIENCE_SECONDS))
        except subprocess.TimeoutExpired:
            server.kill()
            return abs(server.wait())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._told_to_stop = True


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
