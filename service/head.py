"""Bounds on a request's head: its address and its headers."""

from itertools import chain

from starlette.types import Scope

from service.errors import HEADERS_TOO_LARGE, URL_TOO_LONG, Refusal

MOST_URL_BYTES = 8_192
MOST_HEADERS = 100
MOST_HEADER_BYTES = 32_768


def head_refusal(scope: Scope) -> Refusal | None:
    """Why the head is too large to be looked at, or None."""
    if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_URL_BYTES:
        return URL_TOO_LONG
    headers = scope["headers"]
    if len(headers) > MOST_HEADERS or sum(map(len, chain.from_iterable(headers))) > MOST_HEADER_BYTES:
        return HEADERS_TOO_LARGE
    return None
