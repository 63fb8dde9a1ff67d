"""Trace ids of requests, and spans: what a request did and how long it took.

A trace id is in the log, in headers and in errors. Spans are kept only if a collector is set:
`service/observability/tracing_otel.py` sends them.
"""

import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

from starlette.types import Scope

SpanValue = str | int | bool | Sequence[str]
Result = TypeVar("Result")
ChildKind = Literal["internal", "client"]
# Attributes of a span, computed only if it is recorded.
SpanFacts = Callable[[], Mapping[str, SpanValue | None]]


class Span(Protocol):
    """A piece of work in a trace."""

    @property
    def traceparent(self) -> bytes | None:
        """Return the W3C `traceparent` header for another server; None without traces."""

    def note(self, facts: SpanFacts) -> None:
        """Set attributes, except those that are None. They never hold a text, a key or a header."""

    def child(self, name: str, kind: ChildKind = "internal") -> "AbstractContextManager[Span]":
        """Return a context manager: a child span that ends with its block."""


class RequestSpan(Span, Protocol):
    """The span of a whole request."""

    def end(self, route: str, status: int) -> None:
        """End the span of a request that was answered; `route` is the pattern of its path."""


class Tracer(Protocol):
    """Makes the span of each request."""

    def request(self, scope: Scope, trace_id: str) -> RequestSpan:
        """Return the span of a new request with this trace id (32 hex digits)."""

    def close(self) -> None:
        """Send the spans not yet sent, for a limited time. It blocks: call it in a thread."""


class NoSpan:
    """A span that keeps nothing."""

    traceparent: bytes | None = None

    def note(self, facts: SpanFacts) -> None:
        """Set attributes, except those that are None. They never hold a text, a key or a header."""

    def child(self, name: str, kind: ChildKind = "internal") -> "NoSpan":
        """Return a context manager: a child span that ends with its block."""
        return self

    def end(self, route: str, status: int) -> None:
        """End the span of a request that was answered; `route` is the pattern of its path."""

    def __enter__(self) -> "NoSpan":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


NO_SPAN = NoSpan()


def within(span: Span, name: str, work: Awaitable[Result]) -> Awaitable[Result]:
    """Return the work wrapped in a child of this span; without traces, the work itself."""
    return work if span is NO_SPAN else _in_child(span, name, work)


async def _in_child(span: Span, name: str, work: Awaitable[Result]) -> Result:
    with span.child(name):
        return await work


RawHeader = tuple[bytes, bytes]

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")

# The trace id of the current task's request, for its log lines.
CURRENT_ID: Final[ContextVar[str | None]] = ContextVar("trace_id", default=None)


def callers_trace_id(headers: Iterable[RawHeader]) -> str | None:
    """Return the trace id of the caller (32 hex digits) if it sent exactly one valid `traceparent`, else None."""
    valid = _traceparent(headers)
    return valid[1].decode() if valid else None


class CallersSpan(NamedTuple):
    """The caller's span: its id (16 hex digits), and the flags of its trace."""

    span_id: str
    flags: int


def callers_span(headers: Iterable[RawHeader]) -> CallersSpan | None:
    """Return the caller's span if it sent exactly one valid `traceparent`, else None."""
    valid = _traceparent(headers)
    return CallersSpan(valid[2].decode(), int(valid[3], 16)) if valid else None


def random_id() -> str:
    """Return 32 random hex digits."""
    return os.urandom(16).hex()


def _traceparent(headers: Iterable[RawHeader]) -> re.Match[bytes] | None:
    values = [value for name, value in headers if name == b"traceparent"]
    return _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
