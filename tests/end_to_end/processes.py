"""Facts about processes, from /proc."""

import socket
from contextlib import suppress
from pathlib import Path

from tests.eventually import eventually


def children(pid: int) -> list[int]:
    """The processes that a process began."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(pid: int) -> list[int]:
    """Return the workers of a server, without its store. A worker may end while it is looked at."""
    found = []
    for child in children(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"valkey" not in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def wait_until_refused(port: int) -> None:
    """Until no process listens on the port any more."""

    def is_refused() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False  # just at the moment of closing
        return False

    eventually(is_refused, within=60)
