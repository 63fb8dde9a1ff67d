"""One id a request: from a valid W3C `traceparent`, else random. It stands in log, headers and errors."""

import os
import re
from collections.abc import Container, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from random import getrandbits
from typing import Final, NamedTuple

from starlette.types import Scope

from service.in_flight import Hold
from service.reply import Header
from service.spans import NO_SPAN, Span

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")

# The id of the request that a task works for, for whatever is logged meanwhile.
CURRENT_ID: Final[ContextVar[str | None]] = ContextVar("trace_id", default=None)


@dataclass(slots=True)
class Trace:
    """What log and reply say of a request, filled as the request goes on."""

    trace_id: str
    account_id: str | None = None
    refusal: str | None = None
    span: Span = NO_SPAN
    reply_headers: Sequence[Header] = ()
    hold: Hold | None = None

    @property
    def held_bytes(self) -> int:
        """What the request holds in the room that senders share."""
        return 0 if self.hold is None else self.hold.held_bytes

    def keep(self, size_bytes: int) -> None:
        """Give back all that the request holds but so many bytes."""
        if self.hold is not None:
            self.hold.keep(size_bytes)

    def hand_over(self) -> Hold | None:
        """Return what the request holds, for a receiver that releases it in its own time."""
        hold, self.hold = self.hold, None
        return hold

    def end(self) -> None:
        """The request is over, or needs nothing more of what it read: what it held is given back."""
        if self.hold is not None:
            self.hold.release()
            self.hold = None


def trace_of(scope: Scope) -> Trace:
    """The trace that the edge laid into the scope of this request."""
    trace: Trace = scope["weighbridge.trace"]
    return trace


def trace_id(headers: Iterable[tuple[bytes, bytes]], names: Container[bytes] | None = None) -> str:
    """32 hex digits: the caller's trace id if it sent exactly one valid `traceparent`, else a fresh one.

    `names` are the names of the headers, if they are known.
    """
    has_parent = b"traceparent" in (dict(headers) if names is None else names)
    valid = _traceparent(headers) if has_parent else None
    return valid[1].decode() if valid else f"{getrandbits(128):032x}"


class CallersSpan(NamedTuple):
    """The span of which a request is a part: 16 hex digits, and the flags of its trace."""

    span_id: str
    flags: int


def callers_span(headers: Iterable[Header]) -> CallersSpan | None:
    """The caller's span, if it sent exactly one valid `traceparent`."""
    valid = _traceparent(headers)
    return CallersSpan(valid[2].decode(), int(valid[3], 16)) if valid else None


def random_id() -> str:
    """Return 32 random hex digits."""
    return os.urandom(16).hex()


def _traceparent(headers: Iterable[Header]) -> re.Match[bytes] | None:
    values = [value for name, value in headers if name == b"traceparent"]
    return _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
