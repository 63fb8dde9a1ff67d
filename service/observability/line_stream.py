"""Line streams for standard output and standard error whose writes never raise and never block."""

import io
import json
import os
import select
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from functools import partial
from typing import Final, TextIO

MAX_WAITING_BYTES: Final = 65_536

WriteBytes = Callable[[bytes], int]


class LineStream(io.TextIOBase):
    """A text stream on top of `write`, which takes bytes and returns how many of them were written.

    What cannot be written is buffered, up to MAX_WAITING_BYTES, and tried again at the next `write` or `flush`. Further
    lines are dropped; once the buffer is written, a line states their number.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, write: WriteBytes, fd: int | None = None, release: Callable[[], None] = lambda: None) -> None:
        self._write = write
        self._fd = fd
        self._release = release
        self._lock = threading.RLock()  # a signal handler may log while its own thread does
        self._process_id = os.getpid()
        self._waiting = b""
        self._unreported_lines = self._lost_lines = 0

    @classmethod
    def of(cls, stream: TextIO | None) -> "LineStream":
        """Return a stream that writes to the file of `stream`, through `stream` if it has none, or nowhere for None."""
        if stream is None:
            return cls(len)
        try:
            return cls._of_descriptor(stream.fileno())
        except (OSError, ValueError):
            return cls(partial(_write_through, stream))

    @classmethod
    def _of_descriptor(cls, fd: int) -> "LineStream":
        """Write to a file without waiting for its reader.

        The stream has a descriptor of its own: `fd` may be closed, and others may need it as it is.
        """
        mode = os.fstat(fd).st_mode
        if stat.S_ISSOCK(mode):
            connection = socket.socket(fileno=os.dup(fd))
            return cls(lambda data: connection.send(data, socket.MSG_DONTWAIT), fd, connection.close)
        if stat.S_ISREG(mode):
            own = os.dup(fd)
            return cls(partial(os.write, own), fd, partial(os.close, own))
        try:
            own = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            own = os.dup(fd)
            return cls(partial(_write_if_ready, own), fd, partial(os.close, own))
        return cls(partial(os.write, own), fd, partial(os.close, own))

    def write(self, text: str) -> int:
        """Write whole lines."""
        line = text.encode("utf-8", "backslashreplace")
        with self._lock:
            if self._waiting or self._unreported_lines:
                self.flush()
            rest = line if self._waiting else self._rest_of(line)
            if rest:
                self._keep(rest)
        return len(text)

    def flush(self) -> None:
        """Try again to write what is buffered."""
        with self._lock:
            self._leave_to_parent()
            if self._waiting:
                self._waiting = self._rest_of(self._waiting)
            if self._unreported_lines and not self._waiting:
                self._waiting = self._rest_of(_report(self._unreported_lines))
                self._unreported_lines = 0

    def take_lost(self) -> int:
        """Return how many lines this process has dropped since the last call."""
        self.flush()
        with self._lock:
            lost, self._lost_lines = self._lost_lines, 0
        return lost

    def close(self) -> None:
        """Try a last time to write the buffer. Later lines are dropped: the descriptor's number may be reused."""
        with self._lock:
            if not self.closed:
                super().close()
                self._write = len
                self._release()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._fd is not None and os.isatty(self._fd)

    def fileno(self) -> int:
        if self._fd is None:
            raise io.UnsupportedOperation("fileno")
        return self._fd

    def _leave_to_parent(self) -> None:
        """Drop what was buffered before the fork: the parent writes it."""
        if os.getpid() != self._process_id:
            self._process_id = os.getpid()
            self._waiting = b""
            self._unreported_lines = self._lost_lines = 0

    def _rest_of(self, data: bytes) -> bytes:
        """Write as much as can be written now; return what is left."""
        try:
            while data and (written := self._write(data)):
                data = data[written:]
        except Exception:  # keep the data after any error
            return data
        return data

    def _keep(self, line: bytes) -> None:
        self._leave_to_parent()
        if not self._waiting or len(self._waiting) + len(line) <= MAX_WAITING_BYTES:
            self._waiting += line
        else:
            lines = line.count(b"\n")
            self._unreported_lines += lines
            self._lost_lines += lines


@contextmanager
def standard_lines() -> Iterator[None]:
    """Replace sys.stdout and sys.stderr in the block by streams that never raise and never block."""
    _open_standard_files()
    with redirect_stdout(LineStream.of(sys.stdout)), redirect_stderr(LineStream.of(sys.stderr)):
        yield


def _open_standard_files() -> None:
    """Open descriptors 0 to 2 if they are closed, so that no database or socket gets a number of a standard stream."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number


def _write_if_ready(fd: int, data: bytes) -> int:
    """Write what a pipe accepts without blocking; it may block if another process writes at the same time."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return os.write(fd, data[: select.PIPE_BUF]) if poll.poll(0) else 0


def _write_through(stream: TextIO, data: bytes) -> int:
    stream.write(data.decode())
    stream.flush()
    return len(data)


def _report(lines: int) -> bytes:
    line = {"event": "log_lines_lost", "lines": lines, "level": "warning", "timestamp": datetime.now(UTC).isoformat()}
    return json.dumps(line).encode() + b"\n"
