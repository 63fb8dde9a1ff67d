"""The gate of the usage look-up: an API key sees its own calls, a session of the console all of its account."""

from typing import NamedTuple

from starlette.types import Scope

from service.console.endpoint import SessionGate
from service.credentials import bearer_tokens, carries_header_key
from service.errors import HTTPS_REQUIRED, UNAVAILABLE, Refusal
from service.gateway.gate import GatewayGate
from service.keys import PREFIX
from service.stores.errors import StoreUnavailable


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
