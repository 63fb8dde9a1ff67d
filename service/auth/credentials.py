"""Where a call carries its API key, for both APIs."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Scope

from service.http.errors import BAD_KEY, INVALID_KEY, MISSING_KEY, NO_KEY, Refusal
from service.http.request_limits import NAMED_HEADERS


def query_parameters(scope: Scope) -> list[tuple[str, str]]:
    """Names and values of the query in order, decoded. Only `&` separates; empty values are kept."""
    query = scope["query_string"]
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []


def token_api_key(scope: Scope) -> str | Refusal:
    """The key of a token API call: query `api-key`, else header `X-Api-Key`, else `Authorization: Bearer`.

    Two different keys in one place are refused: it must not depend on their order who pays.
    """
    named = scope.get(NAMED_HEADERS)
    if named is not None and not scope["query_string"]:
        # Where no header comes twice there is one place to look at, mostly.
        key: str = named.get(b"x-api-key", b"").decode("latin-1").strip(" \t")
        if key:
            return key
    for place in PLACES if scope["query_string"] else PLACES[1:]:
        keys = set(filter(None, place(scope)))
        if keys:
            return keys.pop() if len(keys) == 1 else INVALID_KEY
    return MISSING_KEY


def gateway_api_key(scope: Scope) -> str | Refusal:
    """The key of a gateway call: `Authorization: Bearer` or `X-API-Key`, never the query.

    Keys in both places must be the same: it must not depend on their order who pays.
    """
    keys = {key for key in (*bearer_tokens(scope), *_header_keys(scope)) if key}
    if not keys:
        return NO_KEY
    return keys.pop() if len(keys) == 1 else BAD_KEY


def carries_header_key(scope: Scope) -> bool:
    """Whether the call has something in `X-API-Key`."""
    return any(_header_keys(scope))


def _query_keys(scope: Scope) -> list[str]:
    return [value for name, value in query_parameters(scope) if name == "api-key"]


def _header_keys(scope: Scope) -> list[str]:
    return [value.decode("latin-1").strip(" \t") for name, value in scope["headers"] if name == b"x-api-key"]


def bearer_tokens(scope: Scope) -> list[str]:
    """What the call carries in `Authorization: Bearer`, in order."""
    values = [value.decode("latin-1").strip(" \t") for name, value in scope["headers"] if name == b"authorization"]
    parts = [value.partition(" ") for value in values]
    return [token.strip(" \t") for scheme, _, token in parts if scheme.lower() == "bearer"]


# Where the key of a token API call may be, the first of them that has one.
PLACES: Final = (_query_keys, _header_keys, bearer_tokens)
