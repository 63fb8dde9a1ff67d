"""What a call did and how long it took, for whoever traces it. Without traces nothing is kept.

Only `service/observability/tracing_otel.py` knows how spans are kept and sent.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal, Protocol, TypeVar

from starlette.types import Scope

Value = str | int | bool | Sequence[str]
Result = TypeVar("Result")
Kind = Literal["internal", "client"]
# Worked out only where somebody keeps them.
Facts = Callable[[], Mapping[str, Value | None]]


class Span(Protocol):
    """One piece of work."""

    @property
    def traceparent(self) -> bytes | None:
        """The W3C header that tells another server of this span; None without traces."""

    def note(self, facts: Facts) -> None:
        """Keep facts of the work; never a text, a key or a header. None is left out."""

    def child(self, name: str, kind: Kind = "internal") -> "AbstractContextManager[Span]":
        """A span of a part of the work, which lasts as long as the block."""


class RequestSpan(Span, Protocol):
    """The span of a whole request."""

    def end(self, route: str, status: int) -> None:
        """The request was answered; `route` is the path's pattern."""


class Tracer(Protocol):
    """Makes a span of each request."""

    def request(self, scope: Scope, trace_id: str) -> RequestSpan:
        """The span of a request that has just come, under its trace id (32 hex digits)."""

    def close(self) -> None:
        """Send what is kept, if that goes quickly. May wait: call it in a thread."""


class NoSpan:
    """A span that keeps nothing."""

    traceparent: bytes | None = None

    def note(self, facts: Facts) -> None:
        """See Span."""

    def child(self, name: str, kind: Kind = "internal") -> "NoSpan":
        """See Span."""
        return self

    def end(self, route: str, status: int) -> None:
        """See RequestSpan."""

    def __enter__(self) -> "NoSpan":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


NO_SPAN = NoSpan()


def within(span: Span, name: str, work: Awaitable[Result]) -> Awaitable[Result]:
    """The work, in a child of this span; nothing around it without traces."""
    return work if span is NO_SPAN else _in_child(span, name, work)


async def _in_child(span: Span, name: str, work: Awaitable[Result]) -> Result:
    with span.child(name):
        return await work


class NoTracer:
    """Traces nothing."""

    def request(self, scope: Scope, trace_id: str) -> NoSpan:
        """See Tracer."""
        return NO_SPAN

    def close(self) -> None:
        """See Tracer."""
