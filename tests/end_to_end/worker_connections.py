"""Connections to each of the workers of a server, which the kernel chooses among."""

import http.client
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.end_to_end.processes import workers
from tests.end_to_end.server import Server
from tests.eventually import eventually


def worker_connections(server: Server, number: int, stack: ExitStack) -> dict[int, http.client.HTTPConnection]:
    """A connection to each of so many workers, by their process ids; all are closed with the stack."""
    found: dict[int, http.client.HTTPConnection] = {}

    def is_whole() -> bool:
        made = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        stack.callback(made.close)
        made.request("GET", "/health")
        made.getresponse().read()
        pid = holder(server, made.sock.getsockname()[1])
        if pid is not None:
            found.setdefault(pid, made)
        return len(found) == number

    eventually(is_whole, within=60)
    return found


def holder(server: Server, port: int) -> int | None:
    """The worker that holds the other end of a connection from this port; None if it is not listed yet or any more:
    workers whose files are read may end, and lists of connections are not read in one step."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = (f"0100007F:{server.port:04X}", f"0100007F:{port:04X}")
    sockets = {f"socket:[{row[9]}]" for row in rows if (row[1], row[2]) == ends}
    return next((pid for pid in workers(server.process.pid) if sockets & open_files(pid)), None)


def open_files(pid: int) -> set[str]:
    """What a process has open; files that it closes meanwhile are left out."""
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(path.readlink()))
    return found
