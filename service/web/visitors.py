"""Visitors of the playground without a key: a signed cookie, and limits per visitor and per address."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

from starlette.types import Scope

from service.auth.pepper import Pepper, Peppers, same_digest
from service.http.context import network
from service.http.errors import RETRY_SOON, Refusal
from service.http.responses import Header
from service.limits import Allowance, Decision, Limiter, Unavailable
from service.web.forms import cookie, keep_cookie

COOKIE = "weighbridge_visitor"
KEEP_SECONDS = 30 * 86_400
# An address has the limits of this many visitors: people may share it, but cookies are free.
VISITORS_AN_ADDRESS = 5
CHARACTERS_A_CALL = 100_000

NO_VISITOR = Refusal(403, "no_visitor_session", "The page is too old, or cookies are blocked. Reload the page.")
# For a form whose body is not read: the connection is closed.
UNKNOWN_SENDER = replace(NO_VISITOR, close=True)
TOO_FAST = Refusal(429, "rate_limit_exceeded", "Too many counts per second. Try again in a moment.")
USED_UP = Refusal(
    429,
    "quota_exceeded",
    "You have used all of the playground's counts for this month. The API still answers calls with a key.",
)
COUNTERS_AWAY = Refusal(503, "unavailable", "Service temporarily unavailable.", headers=(RETRY_SOON,))


class Visitors:
    """Issues, verifies and limits visitors. A long text counts as several calls."""

    def __init__(self, peppers: Peppers, limiter: Limiter, allowance: Allowance, new_id: Callable[[], str]) -> None:
        self._peppers = peppers
        self._limiter = limiter
        self._allowance = allowance
        self._new_id = new_id

    def known(self, scope: Scope) -> str | None:
        """Return the visitor of a request by its signed cookie, or None."""
        name, _, signature = (cookie(scope, COOKIE) or "").partition(".")
        signed = tuple(_signature(pepper, name) for pepper in self._peppers.all)
        return name if name and signature.isascii() and same_digest(signature, signed) else None

    def welcome(self, scope: Scope) -> list[Header]:
        """Return the cookie header of a new visitor; an empty list for a known one."""
        if self.known(scope):
            return []
        name = self._new_id()
        return [keep_cookie(scope, COOKIE, f"{name}.{_signature(self._peppers.newest, name)}", KEEP_SECONDS)]

    async def refusal(self, scope: Scope, characters: int) -> Refusal | None:
        """Count one call with a text of that length. Return a refusal if it is not allowed."""
        visitor = self.known(scope)
        if visitor is None:
            return NO_VISITOR
        calls = min(1 + characters // CHARACTERS_A_CALL, self._allowance.calls_per_second)
        for account_id, allowance in self._allowances(scope, visitor).items():
            for _ in range(calls):
                if refusal := _refusal_of(await self._limiter.hit(account_id, allowance)):
                    return refusal
        return None

    async def early_refusal(self, scope: Scope) -> Refusal | None:
        """Return a refusal if a known visitor has used up its limits, before its form is read. Nothing is counted."""
        visitor = self.known(scope)
        for account_id, allowance in self._allowances(scope, visitor).items() if visitor else ():
            if refusal := _refusal_of(await self._limiter.peek(account_id, allowance)):
                return replace(refusal, close=True)
        return None

    def _allowances(self, scope: Scope, visitor: str) -> dict[str, Allowance]:
        """Return the limits of a visitor, and of all visitors of its address together."""
        place = network(scope["client"][0] if scope.get("client") else "unknown")
        return {
            f"visitor-address:{self._peppers.newest.digest(place)[:32]}": Allowance(
                self._allowance.calls_per_second * VISITORS_AN_ADDRESS,
                self._allowance.calls_per_month * VISITORS_AN_ADDRESS,
            ),
            f"visitor:{visitor}": self._allowance,
        }


def _refusal_of(decision: Decision | Unavailable) -> Refusal | None:
    if isinstance(decision, Unavailable):
        return COUNTERS_AWAY
    if decision.admitted:
        return None
    refusal = USED_UP if decision.refused_by == "quota" else TOO_FAST
    return refusal.with_headers([(b"retry-after", b"%d" % decision.retry_after_seconds)])


def _signature(pepper: Pepper, name: str) -> str:
    key = hmac.digest(pepper.value, b"visitor session key", hashlib.sha256)
    return hmac.digest(key, name.encode("utf-8", "replace"), hashlib.sha256).hex()
