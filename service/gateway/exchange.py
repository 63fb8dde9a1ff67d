"""One request to the upstream, timed and traced."""

import time
from types import TracebackType

from service.observability.gateway_metrics import GatewayMeters
from service.observability.tracing import Span


class Exchange:
    """For the time of its block a request is under way, in a span of its own under `parent`."""

    def __init__(self, meters: GatewayMeters, parent: Span) -> None:
        self._meters = meters
        self._child = parent.child("upstream", "client")
        self._began_at_seconds = time.perf_counter()
        self._has_begun = False

    def __enter__(self) -> "Exchange":
        self._span = self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The answer is over, whole or not."""
        self._meters.upstream_ended(time.perf_counter() - self._began_at_seconds)
        self._child.__exit__(kind, error, trace)

    @property
    def traceparent(self) -> bytes | None:
        """What tells the upstream of the trace, where there is one."""
        return self._span.traceparent

    def status(self, status: int) -> None:
        """The head of the answer has come."""
        self._span.note(lambda: {"http.response.status_code": status})

    def piece(self) -> None:
        """A piece of the answer has come."""
        if not self._has_begun:
            self._has_begun = True
            self._meters.upstream_began(time.perf_counter() - self._began_at_seconds)
