"""Bounds on a request's head: its address and its headers."""

from collections.abc import Mapping
from itertools import chain

from starlette.types import Scope

from service.errors import HEADERS_TOO_LARGE, URL_TOO_LONG, Refusal

MAX_URL_BYTES = 8_192
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32_768
# In a scope: the headers by name, where none comes twice, and the server knows that the head is within all bounds.
NAMED_HEADERS = "weighbridge.named_headers"
# In a scope: the refusal of a head of which the server has not taken all.
HEAD_REFUSAL = "weighbridge.head_refusal"


def is_small(head_bytes: int, headers: int) -> bool:
    """Whether a head of so many bytes and headers is within all bounds, whatever is in it."""
    return head_bytes <= MAX_URL_BYTES and headers <= MAX_HEADERS


def named_headers(scope: Scope) -> Mapping[bytes, bytes]:
    """The headers by name; of those that come twice the last."""
    named: Mapping[bytes, bytes] | None = scope.get(NAMED_HEADERS)
    return dict(scope["headers"]) if named is None else named


def head_refusal(scope: Scope) -> Refusal | None:
    """Why the head is too large to be looked at, or None."""
    if NAMED_HEADERS in scope:
        return None
    if HEAD_REFUSAL in scope:
        refusal: Refusal = scope[HEAD_REFUSAL]
        return refusal
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
        return URL_TOO_LONG
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > MAX_HEADER_BYTES:
        return HEADERS_TOO_LARGE
    return None
