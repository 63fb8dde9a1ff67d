"""The gate of the gateway: who is calling, by API key alone, and may they now."""

from starlette.types import Scope

from service.accounts import Principal
from service.accounts import Scope as KeyScope
from service.authentication import Authenticator, KeyRefusal
from service.credentials import gateway_api_key
from service.errors import (
    BAD_KEY,
    HTTPS_REQUIRED,
    KEY_FORMAT,
    NO_PERMISSION,
    RATE_EXCEEDED,
    UNAVAILABLE,
    Refusal,
)
from service.limits import Allowance, Limiter, Unavailable
from service.stores.errors import StoreUnavailable
from service.trace import trace_of

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
