"""The context of a request: its trace id, account, refusal, span and held bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from starlette.types import Scope

from service.http.in_flight import Hold
from service.http.responses import Header
from service.observability.tracing import NO_SPAN, RequestSpan


@dataclass(slots=True)
class RequestContext:
    """What the log and the reply contain about a request, filled while the request is handled."""

    trace_id: str
    account_id: str | None = None
    refusal: str | None = None
    span: RequestSpan = NO_SPAN
    reply_headers: Sequence[Header] = ()
    hold: Hold | None = None

    @property
    def held_bytes(self) -> int:
        """Return how many bytes of the memory for requests this request holds."""
        return 0 if self.hold is None else self.hold.held_bytes

    def keep(self, size_bytes: int) -> None:
        """Release all held bytes above `size_bytes`."""
        if self.hold is not None:
            self.hold.keep(size_bytes)

    def hand_over(self) -> Hold | None:
        """Return the hold of this request; the receiver releases it."""
        hold, self.hold = self.hold, None
        return hold

    def end(self) -> None:
        """Release all held bytes; called when the request is over."""
        if self.hold is not None:
            self.hold.release()
            self.hold = None


# The key of the context in a scope, where RequestMiddleware stores it.
CONTEXT: Final = "weighbridge.context"
# Return the context of the request with this scope. A C function, because it is called several times a request.
context_of: Final[Callable[[Scope], RequestContext]] = itemgetter(CONTEXT)
