"""May this call go on: key, permission, limits, in that order. One gate for every route with an API key."""

from collections.abc import Sequence
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
from service.limits import Allowance, Limiter, Unavailable, limit_headers
from service.reply import Header
from service.stores.errors import StoreUnavailable
from service.trace import trace_of


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

    async def admit(self, scope: Scope) -> Admission:
        """Decide on a call from its head alone; the body is not read before."""
        if self.require_https and scope["scheme"] != "https":
            return Admission(HTTPS_REQUIRED)
        secret = token_api_key(scope)
        if isinstance(secret, Refusal):
            return Admission(secret)
        try:
            principal = await self.authenticator.authenticate(secret)
        except StoreUnavailable:
            return Admission(UNAVAILABLE)
        if isinstance(principal, KeyRefusal):
            return Admission(INVALID_KEY)
        trace = trace_of(scope)
        trace.account_id = principal.account_id
        with trace.span.child("limits"):
            return await self._within_limits(principal)

    async def _within_limits(self, principal: Principal) -> Admission:
        decision = await self.limiter.hit(principal.account_id, self._allowance_of(principal))
        if isinstance(decision, Unavailable):
            return Admission(UNAVAILABLE)
        headers = limit_headers(decision)
        if decision.refused_by is not None:
            refusal = QUOTA_EXCEEDED if decision.refused_by == "quota" else RATE_EXCEEDED
            return Admission(refusal, headers)
        if self.scope not in principal.scopes:
            return Admission(NO_PERMISSION, headers)
        return Admission(None, headers)

    def _allowance_of(self, principal: Principal) -> Allowance:
        return Allowance(
            principal.calls_per_second or self.allowance.calls_per_second,
            principal.calls_per_month or self.allowance.calls_per_month,
        )
