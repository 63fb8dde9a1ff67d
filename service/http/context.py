"""The context of a request: its trace id, account, refusal, span and held bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

from service.http.in_flight import Hold
from service.http.responses import Header
from service.observability.tracing import NO_SPAN, Span


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
