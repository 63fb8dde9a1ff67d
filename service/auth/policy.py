"""May this call go on: key, permission, limits, in that order. One gate for every route with an API key."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from starlette.types import Scope

from service.auth.accounts import KeyRefusal, Principal
from service.auth.accounts import Scope as KeyScope
from service.auth.authenticator import Authenticator
from service.auth.credentials import bearer_tokens, carries_header_key, gateway_api_key, token_api_key
from service.auth.endpoint import SessionGate
from service.auth.keys import PREFIX
from service.http.context import trace_of
from service.http.errors import (
    BAD_KEY,
    HTTPS_REQUIRED,
    INVALID_KEY,
    KEY_FORMAT,
    NO_PERMISSION,
    QUOTA_EXCEEDED,
    RATE_EXCEEDED,
    UNAVAILABLE,
    Refusal,
)
from service.http.responses import Header
from service.limits import Allowance, Decision, Limiter, Unavailable, limit_headers
from service.observability.tracing import NO_SPAN, within
from service.storage.errors import StoreUnavailable

MAX_ALLOWANCES = 1_000


class Admission(NamedTuple):
    """The outcome at the gate: a refusal or none, and headers that stand on the reply either way."""

    refusal: Refusal | None
    headers: Sequence[Header] = ()


class Gate:
    """Admits calls whose key has `scope`, within the limits of its account."""

    def __init__(
        self,
        authenticator: Authenticator,
        limiter: Limiter,
        allowance: Allowance,
        *,
        scope: KeyScope,
        require_https: bool,
    ) -> None:
        self.authenticator = authenticator
        self.limiter = limiter
        self.allowance = allowance
        self.scope = scope
        self.require_https = require_https
        # One value for all who have the same: equal calls are soon known as equal.
        self._allowance = lru_cache(MAX_ALLOWANCES)(self._made_allowance)

    async def admit(self, scope: Scope) -> Admission:
        """Decide on a call from its head alone; the body is not read before."""
        if self.require_https and scope["scheme"] != "https":
            return Admission(HTTPS_REQUIRED)
        secret = token_api_key(scope)
        if isinstance(secret, Refusal):
            return Admission(secret)
        try:
            principal = self.authenticator.remembered(secret) or await self.authenticator.authenticate(secret)
        except StoreUnavailable:
            return Admission(UNAVAILABLE)
        if isinstance(principal, KeyRefusal):
            return Admission(INVALID_KEY)
        trace = trace_of(scope)
        trace.account_id = principal.account_id
        allowance = self._allowance(principal.calls_per_second, principal.calls_per_month)
        hit = self.limiter.hit(principal.account_id, allowance)
        decision = await (hit if trace.span is NO_SPAN else within(trace.span, "limits", hit))
        return self._judged(principal, decision)

    def _judged(self, principal: Principal, decision: Decision | Unavailable) -> Admission:
        if isinstance(decision, Unavailable):
            return Admission(UNAVAILABLE)
        headers = limit_headers(decision)
        if decision.refused_by is not None:
            refusal = QUOTA_EXCEEDED if decision.refused_by == "quota" else RATE_EXCEEDED
            return Admission(refusal, headers)
        if self.scope not in principal.scopes:
            return Admission(NO_PERMISSION, headers)
        return Admission(None, headers)

    def _made_allowance(self, calls_per_second: int | None, calls_per_month: int | None) -> Allowance:
        """An account's own numbers, and for those that it has not, those of the settings."""
        default = self.allowance
        return Allowance(calls_per_second or default.calls_per_second, calls_per_month or default.calls_per_month)


# The gateway has no quota: its calls are paid.
NO_QUOTA = 10**12


class GatewayGate:
    """Admits calls whose key may use the gateway; each key may have its own number of calls a second."""

    def __init__(
        self, authenticator: Authenticator, limiter: Limiter, *, calls_per_second: int | None, require_https: bool
    ) -> None:
        self.authenticator = authenticator
        self.limiter = limiter
        self.allowance = None if calls_per_second is None else Allowance(calls_per_second, NO_QUOTA)
        self.require_https = require_https

    async def admit(self, scope: Scope) -> Principal | Refusal:
        """Decide on a call from its head alone; the body is not read before."""
        if self.require_https and scope["scheme"] != "https":
            return HTTPS_REQUIRED
        secret = gateway_api_key(scope)
        if isinstance(secret, Refusal):
            return secret
        try:
            principal = self.authenticator.remembered(secret) or await self.authenticator.authenticate(secret)
        except StoreUnavailable:
            return UNAVAILABLE
        if isinstance(principal, KeyRefusal):
            return KEY_FORMAT if principal is KeyRefusal.MALFORMED else BAD_KEY
        trace_of(scope).account_id = principal.account_id
        if KeyScope.GATEWAY not in principal.scopes:
            return NO_PERMISSION
        if self.allowance is None:
            return principal
        with trace_of(scope).span.child("limits"):
            return await self._within_limit(principal, self.allowance)

    async def _within_limit(self, principal: Principal, allowance: Allowance) -> Principal | Refusal:
        decision = await self.limiter.hit(f"key:{principal.key_id}", allowance)
        if isinstance(decision, Unavailable):
            return UNAVAILABLE
        if decision.admitted:
            return principal
        wait_seconds = max(1, decision.rate_retry_after_seconds or 1)
        return RATE_EXCEEDED.with_headers([(b"retry-after", str(wait_seconds).encode())])


class UsageReader(NamedTuple):
    """Whose calls may be seen: those of one key, or without it those of the account."""

    account_id: str
    key_id: str | None


class UsageGate:
    """Admits API keys of the gateway, and sessions."""

    def __init__(self, keys: GatewayGate, sessions: SessionGate) -> None:
        self.keys = keys
        self.sessions = sessions

    async def admit(self, scope: Scope) -> UsageReader | Refusal:
        """Decide on a call from its head alone. A call that carries a key and a session is one with two keys."""
        if carries_header_key(scope) or not all(map(_is_like_a_session, bearer_tokens(scope) or [""])):
            principal = await self.keys.admit(scope)
            return principal if isinstance(principal, Refusal) else UsageReader(principal.account_id, principal.key_id)
        if self.keys.require_https and scope["scheme"] != "https":
            return HTTPS_REQUIRED
        try:
            user = await self.sessions.user(scope)
        except StoreUnavailable:
            return UNAVAILABLE
        return user if isinstance(user, Refusal) else UsageReader(user.account_id, None)


def _is_like_a_session(token: str) -> bool:
    """Whether it has the form of a JSON Web Token, which no key has."""
    return token.count(".") == 2 and not token.startswith(PREFIX)
