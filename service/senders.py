"""Who sends a request, and what the request holds in the room that senders share."""

import ipaddress
from collections.abc import Iterable
from sys import getsizeof
from typing import Any

from starlette.types import Scope

from service.in_flight import Hold, InFlight
from service.trace import Trace, trace_of


def network(address: str) -> str:
    """What one caller may be assumed to have: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)


def sender_of(scope: Scope, trace: Trace) -> str:
    """Return the account of a request, or its client's network while no account is known."""
    if trace.account_id is not None:
        return trace.account_id
    client = scope.get("client")
    return network(client[0]) if client else "unknown"


def hold_more(scope: Scope, room: InFlight, size_bytes: int) -> bool:
    """Hold more bytes until the request is over, and return whether there was room."""
    trace = trace_of(scope)
    if trace.hold is None:
        trace.hold = Hold(room, sender_of(scope, trace))
    return trace.hold.take(size_bytes)


def hold_exactly(scope: Scope, room: InFlight, size_bytes: int) -> bool:
    """Hold so many bytes from now on, whatever the request held before, and return whether there was room."""
    trace = trace_of(scope)
    trace.keep(size_bytes)
    return hold_more(scope, room, size_bytes - trace.held_bytes)


def memory_of(value: Any) -> int:
    """Return the bytes that a JSON value takes in memory."""
    inside: Iterable[Any] = ()
    if isinstance(value, dict):
        inside = (*value, *value.values())
    elif isinstance(value, list | tuple):
        inside = value
    return getsizeof(value) + sum(map(memory_of, inside))
