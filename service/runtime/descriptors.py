"""File descriptors of a process: some are kept free for stores, upstream calls and new connections."""

import resource
import sys
from collections.abc import Collection
from heapq import nsmallest
from pathlib import Path
from typing import Final, Protocol

import structlog

MAX_RESERVED = 64
# One connection more is closed for each of this many, so that not every new connection searches all of them.
CONNECTIONS_FOR_ONE_MORE: Final = 64
# A connection is closed only if it has been idle or stalled for this long.
MIN_WAIT_SECONDS = 0.5
SECONDS_BETWEEN_COUNTS: Final = 1.0
SECONDS_BETWEEN_WARNINGS: Final = 60.0


class Closable(Protocol):
    """A connection that may be closed to make room for another."""

    def idle_since(self) -> float | None:
        """Return since when no request of its client has been complete, or None."""

    def stalled_since(self) -> float | None:
        """Return since when its client has sent no body or read no reply that is due, or None."""

    def abort(self) -> None:
        """Close it, whatever it has still to send."""


class Descriptors:
    """Makes room for new connections when a process is near its limit of descriptors.

    If no connection can be closed, half of the reserve is used before new ones are refused.
    """

    def __init__(self, limit: int) -> None:
        reserved = min(MAX_RESERVED, limit // 4)
        self.max_open = limit - reserved
        self.last_open = limit - reserved // 2
        self.log = structlog.get_logger("connections").bind()
        self._others = 0
        self._counted_at = -SECONDS_BETWEEN_COUNTS
        self._warned_at = -SECONDS_BETWEEN_WARNINGS

    @classmethod
    def of_process(cls) -> "Descriptors":
        """Return the descriptors of this process, with its soft limit."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return cls(sys.maxsize if limit == resource.RLIM_INFINITY else limit)

    def take_in(self, newest: Closable, connections: Collection[Closable], now: float) -> None:
        """Make room for `newest`, which is one of `connections`, if few descriptors are free."""
        if now - self._counted_at >= SECONDS_BETWEEN_COUNTS:
            self._counted_at = now
            self._others = open_descriptors() - len(connections)
        open_now = len(connections) + self._others
        if open_now >= self.max_open:
            self._make_room(newest, connections, now, is_last=open_now >= self.last_open)
            if now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
                self._warned_at = now
                self.log.warning("connections.few_descriptors", open_descriptors=open_now)

    def _make_room(self, newest: Closable, connections: Collection[Closable], now: float, *, is_last: bool) -> None:
        """Close the connection that was idle longest, else stalled longest, else just idle; else the newest."""
        others = [connection for connection in connections if connection is not newest]
        before = now - MIN_WAIT_SECONDS
        idle = [(connection.idle_since(), connection) for connection in others]
        closed = _longest(idle, before) or _longest([(other.stalled_since(), other) for other in others], before)
        closed = closed or _longest(idle, now)
        for connection in closed or ([newest] if is_last else []):
            connection.abort()


def open_descriptors() -> int:
    """Return how many descriptors this process has open."""
    folder = Path("/proc/self/fd")
    return folder.stat().st_size or len(list(folder.iterdir()))  # Linux before 6.2 reports size 0


def _longest(waiting: list[tuple[float | None, Closable]], before: float) -> list[Closable]:
    """Return the connections that have waited longest, of those that wait since `before`, longest first."""
    known = [(since, connection) for since, connection in waiting if since is not None and since <= before]
    chosen = nsmallest(1 + len(waiting) // CONNECTIONS_FOR_ONE_MORE, known, key=lambda entry: entry[0])
    return [connection for _, connection in chosen]
