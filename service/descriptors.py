"""Keeps some of a process's file descriptors free: stores, upstream calls and new connections need them."""

import resource
import sys
from collections.abc import Iterable
from heapq import nsmallest
from typing import Final, Protocol

import structlog

MAX_RESERVED = 64
# Of many connections several are closed together: then the look at all of them is for several new ones.
CONNECTIONS_FOR_ONE_MORE: Final = 64
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
    """Makes room for new connections once a process comes near its limit of descriptors.

    The system gives each connection the lowest free descriptor, so a number of at least `max_descriptor` says that so
    many are in use. Where nothing can be closed, half of the reserve is used before a new connection is refused.
    """

    def __init__(self, limit: int) -> None:
        reserved = min(MAX_RESERVED, limit // 4)
        self.max_descriptor = limit - reserved
        self.last_descriptor = limit - reserved // 2
        self.log = structlog.get_logger("connections").bind()
        self._warned_at = -SECONDS_BETWEEN_WARNINGS

    @classmethod
    def of_process(cls) -> "Descriptors":
        """Return those of this process, by its soft limit."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return cls(sys.maxsize if limit == resource.RLIM_INFINITY else limit)

    def make_room(self, newest: Closable, descriptor: int, connections: Iterable[Closable], now: float) -> None:
        """Close the connections that have been idle for longest, or else stalled; or `newest` if there is none."""
        others = [connection for connection in connections if connection is not newest]
        closed = _longest([(connection.idle_since(), connection) for connection in others], len(others))
        if not closed:
            closed = _longest([(connection.stalled_since(), connection) for connection in others], len(others))
        if not closed and descriptor >= self.last_descriptor:
            closed = [newest]
        for connection in closed:
            connection.abort()
        if closed and now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            self.log.warning("connections.few_descriptors", open_connections=len(others) + 1)


def _longest(waiting: list[tuple[float | None, Closable]], connections: int) -> list[Closable]:
    """Return those that have waited for longest, the longest first."""
    known = [(since, connection) for since, connection in waiting if since is not None]
    chosen = nsmallest(1 + connections // CONNECTIONS_FOR_ONE_MORE, known, key=lambda entry: entry[0])
    return [connection for _, connection in chosen]
