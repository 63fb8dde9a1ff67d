"""One request to the upstream, timed and traced."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.gateway.meters import GatewayMeters
from service.spans import Span


class Exchange:
    """From the request to the end of its answer."""

    def __init__(self, meters: GatewayMeters, span: Span) -> None:
        self._meters = meters
        self._span = span
        self._began_at_seconds = time.perf_counter()
        self._has_begun = False

    @property
    def headers(self) -> dict[str, str]:
        """What tells the upstream of the trace; nothing where there is none."""
        traceparent = self._span.traceparent
        return {} if traceparent is None else {"traceparent": traceparent.decode()}

    def status(self, status: int) -> None:
        """The head of the answer has come."""
        self._span.note({"http.response.status_code": status})

    def piece(self) -> None:
        """A piece of the answer has come."""
        if not self._has_begun:
            self._has_begun = True
            self._meters.upstream_began(time.perf_counter() - self._began_at_seconds)

    def end(self) -> None:
        """The answer is over, whole or not."""
        self._meters.upstream_ended(time.perf_counter() - self._began_at_seconds)


@contextmanager
def exchange(meters: GatewayMeters, parent: Span) -> Iterator[Exchange]:
    """For the time of the block a request is under way."""
    with parent.child("upstream", "client") as span:
        begun = Exchange(meters, span)
        try:
            yield begun
        finally:
            begun.end()
