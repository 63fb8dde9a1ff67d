"""Who may call what: one policy for each kind of endpoint.

    TokenApiPolicy    an API key with the scope `tokens`, within the limits of its account
    GatewayPolicy     an API key with the scope `gateway`, within the limit of the key
    SessionPolicy     a session of the console
    UsagePolicy       an API key of the gateway, or a session

`service.http.endpoint.Endpoint` calls `authorize` before the body is read, and answers StoreUnavailable.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.types import Scope

from service.auth.accounts import KeyRefusal, KeyScope, Principal
from service.auth.authenticator import Authenticator
from service.auth.keys import PREFIX
from service.auth.sessions import OpenSession, OpenSessions
from service.http.context import context_of
from service.http.endpoint import AuthPolicy, AuthResult
from service.http.errors import (
    BAD_KEY,
    INVALID_KEY,
    INVALID_SESSION,
    KEY_FORMAT,
    MISSING_KEY,
    MISSING_PROVIDER_KEY,
    MISSING_SESSION,
    NO_KEY,
    NO_PERMISSION,
    QUOTA_EXCEEDED,
    RATE_EXCEEDED,
    UNAVAILABLE,
    Refusal,
)
from service.http.request_limits import NAMED_HEADERS
from service.http.validation import query_parameters
from service.limits import Allowance, Decision, Limiter, Unavailable
from service.observability.tracing import NO_SPAN, within

# Finds the key of a request; a place returns all keys that it has.
FindSecret = Callable[[Scope], str | Refusal]
KeyPlace = Callable[[Scope], list[str]]

MAX_ALLOWANCES = 1_000
MAX_CACHED_HEADERS = 1_000
# Calls a month of a gateway key: more than there can be, because calls of the gateway are paid.
NO_QUOTA = 10**12


class TokenApiPolicy:
    """Authorize API keys with `scope`, within the limits of their account. `allowance` is the default limit.

    `find_key` returns the key of a request, or the refusal of one without a key or with two.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        limiter: Limiter,
        allowance: Allowance,
        *,
        scope: KeyScope,
        find_key: FindSecret,
    ) -> None:
        self.authenticator = authenticator
        self.limiter = limiter
        self.allowance = allowance
        self.scope = scope
        self.find_key = find_key
        # Equal allowances are one object, which the limiter recognizes without a comparison.
        self._allowance = lru_cache(MAX_ALLOWANCES)(self._build_allowance)

    async def authorize(self, scope: Scope) -> AuthResult[Principal]:
        """Check the key, the limits, then the scope. Refusals after the key carry the headers of the limits."""
        secret = self.find_key(scope)
        if isinstance(secret, Refusal):
            return AuthResult(None, secret)
        principal = self.authenticator.cached(secret) or await self.authenticator.authenticate(secret)
        if isinstance(principal, KeyRefusal):
            return AuthResult(None, INVALID_KEY)
        context = context_of(scope)
        context.account_id = principal.account_id
        allowance = self._allowance(principal.calls_per_second, principal.calls_per_month)
        hit = self.limiter.hit(principal.account_id, allowance)
        decision = await (hit if context.span is NO_SPAN else within(context.span, "limits", hit))
        return self._decide(principal, decision)

    def _decide(self, principal: Principal, decision: Decision | Unavailable) -> AuthResult[Principal]:
        if isinstance(decision, Unavailable):
            return AuthResult(None, UNAVAILABLE)
        headers = limit_headers(decision)
        if decision.refused_by is not None:
            return AuthResult(None, QUOTA_EXCEEDED if decision.refused_by == "quota" else RATE_EXCEEDED, headers)
        if self.scope not in principal.scopes:
            return AuthResult(None, NO_PERMISSION, headers)
        return AuthResult(principal, None, headers)

    def _build_allowance(self, calls_per_second: int | None, calls_per_month: int | None) -> Allowance:
        """Return the limits of an account, with the default in place of each that it does not set."""
        default = self.allowance
        return Allowance(calls_per_second or default.calls_per_second, calls_per_month or default.calls_per_month)


class GatewayPolicy:
    """Authorize API keys with the scope `gateway`, each up to `calls_per_second`; None is no limit."""

    def __init__(self, authenticator: Authenticator, limiter: Limiter, *, calls_per_second: int | None) -> None:
        self.authenticator = authenticator
        self.limiter = limiter
        self.allowance = None if calls_per_second is None else Allowance(calls_per_second, NO_QUOTA)

    async def authorize(self, scope: Scope) -> AuthResult[Principal]:
        """Check the key, the scope, then the limit."""
        secret = gateway_api_key(scope)
        if isinstance(secret, Refusal):
            return AuthResult(None, secret)
        principal = self.authenticator.cached(secret) or await self.authenticator.authenticate(secret)
        if isinstance(principal, KeyRefusal):
            return AuthResult(None, KEY_FORMAT if principal is KeyRefusal.MALFORMED else BAD_KEY)
        context = context_of(scope)
        context.account_id = principal.account_id
        if KeyScope.GATEWAY not in principal.scopes:
            return AuthResult(None, NO_PERMISSION)
        if self.allowance is None:
            return AuthResult(principal)
        with context.span.child("limits"):
            return AuthResult(principal, await self._limit(principal, self.allowance))

    async def _limit(self, principal: Principal, allowance: Allowance) -> Refusal | None:
        decision = await self.limiter.hit(f"key:{principal.key_id}", allowance)
        if isinstance(decision, Unavailable):
            return UNAVAILABLE
        if decision.admitted:
            return None
        wait_seconds = max(1, decision.rate_retry_after_seconds or 1)
        return RATE_EXCEEDED.with_headers([(b"retry-after", str(wait_seconds).encode())])


class SessionPolicy:
    """Authorize sessions of the console."""

    def __init__(self, sessions: OpenSessions) -> None:
        self.sessions = sessions

    async def authorize(self, scope: Scope) -> AuthResult[OpenSession]:
        """Check the bearer token. An API key is not a session."""
        tokens = set(bearer_tokens(scope))
        if not tokens:
            return AuthResult(None, MISSING_SESSION)
        found = await self.sessions.find(tokens.pop()) if len(tokens) == 1 else None
        if found is None:
            return AuthResult(None, INVALID_SESSION)
        context_of(scope).account_id = found.user.account_id
        return AuthResult(found)


class UsageReader(NamedTuple):
    """Whose calls may be read: those of one key, or all of the account if `key_id` is None."""

    account_id: str
    key_id: str | None


class UsagePolicy:
    """Authorize API keys of the gateway, and sessions of the console."""

    def __init__(self, keys: AuthPolicy[Principal], sessions: AuthPolicy[OpenSession]) -> None:
        self.keys = keys
        self.sessions = sessions

    async def authorize(self, scope: Scope) -> AuthResult[UsageReader]:
        """Check the key or the session. A request with both is one with two keys, which is refused."""
        if any(_header_keys(scope)) or not all(map(_looks_like_session, bearer_tokens(scope) or [""])):
            principal, refusal, headers = await self.keys.authorize(scope)
            reader = principal and UsageReader(principal.account_id, principal.key_id)
            return AuthResult(reader, refusal, headers)
        session, refusal, headers = await self.sessions.authorize(scope)
        return AuthResult(session and UsageReader(session.user.account_id, None), refusal, headers)


def _looks_like_session(token: str) -> bool:
    """Return whether a token has the form of a JSON Web Token, which no API key has."""
    return token.count(".") == 2 and not token.startswith(PREFIX)


def token_api_key(scope: Scope) -> str | Refusal:
    """Return the key of a token API request: query `api-key`, else `X-Api-Key`, else `Authorization: Bearer`.

    Two different keys in one place are refused, so that their order does not decide who pays.
    """
    named = scope.get(NAMED_HEADERS)
    if named is not None and not scope["query_string"]:
        # Fast path: no header is repeated and there is no query, so one look is enough for most requests.
        key: str = named.get(b"x-api-key", b"").decode("latin-1").strip(" \t")
        if key:
            return key
    for place in _PLACES if scope["query_string"] else _PLACES[1:]:
        keys = set(filter(None, place(scope)))
        if keys:
            return keys.pop() if len(keys) == 1 else INVALID_KEY
    return MISSING_KEY


def gateway_api_key(scope: Scope) -> str | Refusal:
    """Return the key of a gateway request: `Authorization: Bearer` or `X-API-Key`, never the query.

    Keys in both places must be equal, so that their order does not decide who pays.
    """
    keys = {key for key in (*bearer_tokens(scope), *_header_keys(scope)) if key}
    if not keys:
        return NO_KEY
    return keys.pop() if len(keys) == 1 else BAD_KEY


def provider_key(places: Sequence[KeyPlace], words: str) -> FindSecret:
    """Return a function that finds the key of a provider's call: the first place with a key counts.

    `words` name the places, for a request without a key. Two different keys in one place are refused.
    """
    missing = MISSING_PROVIDER_KEY.saying(f"No API key was sent: send it as {words}.")

    def find_key(scope: Scope) -> str | Refusal:
        for place in places:
            keys = set(filter(None, place(scope)))
            if keys:
                return keys.pop() if len(keys) == 1 else INVALID_KEY
        return missing

    return find_key


def in_query(name: str) -> KeyPlace:
    """Return the place of a query parameter."""
    return lambda scope: [value for found, value in query_parameters(scope) if found == name]


def in_header(name: bytes) -> KeyPlace:
    """Return the place of a header, whose name is in lower case."""
    return lambda scope: [value.decode("latin-1").strip(" \t") for found, value in scope["headers"] if found == name]


_query_keys, _header_keys = in_query("api-key"), in_header(b"x-api-key")


def bearer_tokens(scope: Scope) -> list[str]:
    """Return the tokens of all `Authorization: Bearer` headers, in order."""
    values = [value.decode("latin-1").strip(" \t") for name, value in scope["headers"] if name == b"authorization"]
    parts = [value.partition(" ") for value in values]
    return [token.strip(" \t") for scheme, _, token in parts if scheme.lower() == "bearer"]


def limit_headers(decision: Decision) -> list[tuple[bytes, bytes]]:
    """Return the headers that every authenticated reply carries, and Retry-After on a refusal.

    A number that is unknown is left out.
    """
    allowance = decision.allowance
    headers = [
        *_totals(allowance.calls_per_second, allowance.calls_per_month),
        *_waits(decision.rate_retry_after_seconds, decision.quota_retry_after_seconds),
    ]
    if decision.rate_remaining is not None:
        headers.append((b"x-rate-limit-remaining-calls", b"%d" % decision.rate_remaining))
    if decision.quota_remaining is not None:
        headers.append((b"x-quota-limit-remaining-calls", b"%d" % decision.quota_remaining))
    if not decision.admitted:
        headers.append((b"retry-after", b"%d" % decision.retry_after_seconds))
    return headers


@lru_cache(MAX_CACHED_HEADERS)
def _totals(calls_per_second: int, calls_per_month: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that depend on the allowance alone."""
    return (
        (b"x-rate-limit-total-calls", b"%d" % calls_per_second),
        (b"x-quota-limit-total-calls", b"%d" % calls_per_month),
    )


@lru_cache(MAX_CACHED_HEADERS)
def _waits(rate_seconds: int, quota_seconds: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of the waits, which are both 0 for almost every call."""
    return (
        (b"x-rate-limit-retry-after", b"%d" % rate_seconds),
        (b"x-quota-limit-retry-after", b"%d" % quota_seconds),
    )


# Where the key of a token API request may be; the first place with a key counts.
_PLACES: Final = (_query_keys, _header_keys, bearer_tokens)
