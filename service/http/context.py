"""The context of a request: its trace id, account, refusal, span, and the memory that it holds for its sender.

The memory for requests is limited for the process, and shared fairly by senders.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from starlette.types import Scope

from service.http.responses import Header
from service.observability.tracing import NO_SPAN, RequestSpan

# Bytes that stay free for others, for each byte that a sender holds.
FREE_BYTES_PER_BYTE: Final = 3


class InFlight:
    """`limit_bytes` of memory, shared by senders: accounts, or networks for requests without an account.

    A sender may hold a third of what remains free: a quarter of the limit while it is alone, less beside others. So no
    number of senders uses up the limit; four with their maximum leave a third of it. A request that holds bytes alone
    is never refused, so no request is too large.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._by_sender: dict[str, int] = {}

    def take(self, size_bytes: int, own_bytes: int = 0, sender: str | None = None) -> bool:
        """Hold more bytes for a sender; return whether there was room. The same request already holds `own_bytes`.

        Without a sender only the limit of the process applies.
        """
        if self.held_bytes > own_bytes:
            free_bytes = self.limit_bytes - self.held_bytes - size_bytes
            shared_bytes = 0 if sender is None else self.held_by(sender) + size_bytes
            if free_bytes < FREE_BYTES_PER_BYTE * shared_bytes:
                return False
        self._change(size_bytes, sender)
        return True

    def give_back(self, size_bytes: int, sender: str | None = None) -> None:
        """Release bytes of a sender."""
        self._change(-size_bytes, sender)

    def held_by(self, sender: str) -> int:
        """Return the bytes that all requests of a sender hold."""
        return self._by_sender.get(sender, 0)

    def _change(self, size_bytes: int, sender: str | None) -> None:
        self.held_bytes += size_bytes
        if sender is None:
            return
        left = self.held_by(sender) + size_bytes
        if left:
            self._by_sender[sender] = left
        else:
            self._by_sender.pop(sender, None)


class Hold:
    """The bytes that one request holds for its sender."""

    __slots__ = ("_room", "held_bytes", "sender")

    def __init__(self, room: InFlight, sender: str) -> None:
        self._room = room
        self.sender = sender
        self.held_bytes = 0

    def take(self, size_bytes: int) -> bool:
        """Hold more bytes; return whether there was room."""
        if not self._room.take(size_bytes, self.held_bytes, self.sender):
            return False
        self.held_bytes += size_bytes
        return True

    def keep(self, size_bytes: int) -> None:
        """Release all bytes above `size_bytes`."""
        if self.held_bytes > size_bytes:
            self._room.give_back(self.held_bytes - size_bytes, self.sender)
            self.held_bytes = size_bytes

    def release(self) -> None:
        """Release all held bytes."""
        self.keep(0)


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


def network(address: str) -> str:
    """Return the network of one client: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)


def sender_of(scope: Scope, context: RequestContext) -> str:
    """Return the account of a request, or its client's network while no account is known."""
    if context.account_id is not None:
        return context.account_id
    client = scope.get("client")
    return network(client[0]) if client else "unknown"


def hold_more(scope: Scope, room: InFlight, size_bytes: int) -> bool:
    """Hold more bytes until the request is over; return whether there was room."""
    context = context_of(scope)
    if context.hold is None:
        context.hold = Hold(room, sender_of(scope, context))
    return context.hold.take(size_bytes)


def hold_exactly(scope: Scope, room: InFlight, size_bytes: int) -> bool:
    """Change what a request holds to this size; return whether there was room."""
    context = context_of(scope)
    context.keep(size_bytes)
    return hold_more(scope, room, size_bytes - context.held_bytes)
