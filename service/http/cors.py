"""Cross-origin requests (CORS): only origins of the settings may call the API from a browser."""

import re

from starlette.types import Scope

from service.http.responses import Header, Reply

METHODS = b"GET, POST, DELETE"
REQUEST_HEADERS = b"Authorization, Content-Type, Idempotency-Key, traceparent, X-Api-Key, X-Billing-Headers"
KEEP_SECONDS = b"600"
# SDKs in pages send headers of their own, such as `x-stainless-os`; the form of the list is checked instead of names.
MAX_ASKED_BYTES = 4096
ASKED_HEADERS = re.compile(rb"[\w!#$%&'*+.^`|~-]{1,64}(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]{1,64}){0,63}", re.ASCII)


class Cors:
    """CORS headers for a set of origins; `*` allows any. Credentials are not allowed: the API uses no cookies."""

    def __init__(self, origins: frozenset[str]) -> None:
        self.any = "*" in origins
        self.origins = frozenset(origin.encode() for origin in origins)

    def headers(self, scope: Scope) -> list[Header]:
        """Return the CORS headers of the reply to a request."""
        if not self.origins:
            return []
        vary: list[Header] = [] if self.any else [(b"vary", b"Origin")]
        origin = self._allowed_origin(scope)
        if origin is None:
            return vary
        return [*vary, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", b"*")]

    def preflight(self, scope: Scope) -> Reply | None:
        """Return the reply to a preflight request of an allowed origin, else None."""
        asks = scope["method"] == "OPTIONS" and _first(scope, b"access-control-request-method") is not None
        if not asks or self._allowed_origin(scope) is None:
            return None
        permitted = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", _permitted_headers(scope)),
            (b"access-control-max-age", KEEP_SECONDS),
            (b"vary", b"Access-Control-Request-Headers"),
        ]
        return Reply(204, b"", permitted)

    def _allowed_origin(self, scope: Scope) -> bytes | None:
        origin = _first(scope, b"origin")
        if origin is None or not (self.any or origin in self.origins):
            return None
        return b"*" if self.any else origin


def _permitted_headers(scope: Scope) -> bytes:
    """Return the requested headers if they are a list of names, else the headers that the API uses."""
    asked = _first(scope, b"access-control-request-headers") or b""
    return asked if len(asked) <= MAX_ASKED_BYTES and ASKED_HEADERS.fullmatch(asked) else REQUEST_HEADERS


def _first(scope: Scope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)
