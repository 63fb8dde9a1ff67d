"""May this call go on: key, permission, limits, in that order. One gate for every route with an API key."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from starlette.types import Scope

from service.accounts import Principal
from service.accounts import Scope as KeyScope
from service.authentication import Authenticator, KeyRefusal
from service.credentials import token_api_key
from service.errors import (
    HTTPS_REQUIRED,
    INVALID_KEY,
    NO_PERMISSION,
    QUOTA_EXCEEDED,
    RATE_EXCEEDED,
    UNAVAILABLE,
    Refusal,
)
from service.limits import Allowance, Decision, Limiter, Unavailable, limit_headers
from service.reply import Header
from service.spans import NO_SPAN, within
from service.stores.errors import StoreUnavailable
from service.trace import trace_of

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
