"""Sessions: short-lived JSON Web Tokens, signed with a key that is derived from the pepper.

Tokens of the API and cookies of the pages have different audiences, so that neither is accepted as the other. The
newest pepper signs and all peppers verify, so that sessions survive a rotation.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import jwt
from jwt.utils import base64url_decode, base64url_encode

from service.auth.pepper import Pepper, Peppers
from service.auth.users import User, UserStore
from service.observability.tracing import random_id

ALGORITHM = "HS256"
ISSUER = "weighbridge"
API_AUDIENCE, PAGE_AUDIENCE = "weighbridge-console", "weighbridge-console-pages"
LIFETIME = timedelta(minutes=15)
# Pages renew a session while it is used; after this time the user has to log in again.
MAX_AGE = timedelta(hours=12)
LEEWAY_SECONDS = 30
MAX_CHARACTERS = 1024
REQUIRED = ("exp", "iat", "aud", "iss", "sub", "gen", "sid")
# Ended sessions are remembered this much longer than their tokens live, for running requests and different clocks.
ENDED_MARGIN = timedelta(minutes=5)


class Session(NamedTuple):
    """The user, the generation of the password, and the start in seconds since 1970.

    `id` is the same for all tokens of the session, renewed ones too.
    """

    user_id: str
    generation: int
    began_at: int
    id: str


class Sessions:
    """Issues and verifies tokens of one audience.

    `now` is the time of issue; expiry is checked against the host's clock.
    """

    def __init__(
        self,
        peppers: Peppers,
        now: Callable[[], datetime],
        lifetime: timedelta = LIFETIME,
        audience: str = API_AUDIENCE,
    ) -> None:
        self.lifetime = lifetime
        self.audience = audience
        self._now = now
        self._keys = tuple(map(session_key, peppers.all))
        # Tokens with another header are refused without parsing.
        self._header = jwt.encode({}, self._keys[0], ALGORITHM).partition(".")[0]

    def issue(self, user: User, session: Session | None = None) -> str:
        """Return a token for a user who has just logged in, or of a session that goes on."""
        now = self._now()
        began_at, session_id = (int(now.timestamp()), random_id()) if session is None else session[2:]
        claims = {
            "iss": ISSUER,
            "aud": self.audience,
            "sub": user.id,
            "gen": user.generation,
            "iat": int(now.timestamp()),
            "exp": int((now + self.lifetime).timestamp()),
            "auth_time": began_at,
            "sid": session_id,
        }
        return jwt.encode(claims, self._keys[0], ALGORITHM)

    def verify(self, token: str) -> Session | None:
        """Return the session of a token, or None if it is not valid or has expired."""
        if len(token) > MAX_CHARACTERS or not token.isascii():
            return None
        header, _, rest = token.partition(".")
        if header != self._header or not _is_canonical(rest.rpartition(".")[2]):
            return None
        claims = next(filter(None, (self._claims(token, key) for key in self._keys)), None)
        if claims is None or not isinstance(claims["gen"], int) or not isinstance(claims["sid"], str):
            return None
        began_at = claims.get("auth_time", claims["iat"])
        return Session(claims["sub"], claims["gen"], began_at, claims["sid"]) if isinstance(began_at, int) else None

    def renewed(self, session: Session, user: User) -> str | None:
        """Return a new token of a session, or None if the user has to log in again."""
        over = session.began_at + MAX_AGE.total_seconds() <= self._now().timestamp()
        return None if over else self.issue(user, session)

    def last_expiry(self) -> datetime:
        """Return when the last of the tokens issued until now expires, with a margin."""
        return self._now() + self.lifetime + ENDED_MARGIN

    def _claims(self, token: str, key: bytes) -> dict[str, Any] | None:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": list(REQUIRED), "strict_aud": True, "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError:
            return None
        return claims


def session_key(pepper: Pepper) -> bytes:
    """Return the signing key of a pepper: 32 bytes that do not reveal it."""
    return hmac.digest(pepper.value, b"console session key", hashlib.sha256)


def _is_canonical(signature: str) -> bool:
    """Return whether a signature is in canonical base64: the decoder accepts other spellings of the same bytes."""
    try:
        return base64url_encode(base64url_decode(signature)).decode() == signature
    except ValueError:
        return False


class OpenSession(NamedTuple):
    """A session that may be used, and its user."""

    session: Session
    user: User


class OpenSessions:
    """Finds and ends sessions. Every operation raises StoreUnavailable."""

    def __init__(self, sessions: Sessions, users: UserStore) -> None:
        self.sessions = sessions
        self.users = users

    async def find(self, token: str) -> OpenSession | None:
        """Return the session of a token, or None if it may not be used. One query."""
        session = self.sessions.verify(token)
        user = await self.users.find_session_user(session.user_id, session.id) if session else None
        if session is None or user is None or user.generation != session.generation:
            return None
        return OpenSession(session, user)

    async def end(self, session: Session) -> None:
        """End a session with all its tokens, renewed ones too: from the return on, in every process."""
        await self.users.end_session(session.id, self.sessions.last_expiry())
