"""Trace ids: from a valid W3C `traceparent`, else random. They stand in the log, in headers and in errors."""

import os
import re
from collections.abc import Container, Iterable
from contextvars import ContextVar
from random import getrandbits
from typing import Final, NamedTuple

RawHeader = tuple[bytes, bytes]

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")

# The id of the request that a task works for, for whatever is logged meanwhile.
CURRENT_ID: Final[ContextVar[str | None]] = ContextVar("trace_id", default=None)


def trace_id(headers: Iterable[RawHeader], names: Container[bytes] | None = None) -> str:
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


def callers_span(headers: Iterable[RawHeader]) -> CallersSpan | None:
    """The caller's span, if it sent exactly one valid `traceparent`."""
    valid = _traceparent(headers)
    return CallersSpan(valid[2].decode(), int(valid[3], 16)) if valid else None


def random_id() -> str:
    """Return 32 random hex digits."""
    return os.urandom(16).hex()


def _traceparent(headers: Iterable[RawHeader]) -> re.Match[bytes] | None:
    values = [value for name, value in headers if name == b"traceparent"]
    return _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
