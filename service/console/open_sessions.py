"""Sessions that may be used: the token is valid, the session was not ended, and the password is that of its start."""

from typing import NamedTuple

from service.console.sessions import Session, Sessions
from service.console.users import User, UserStore


class OpenSession(NamedTuple):
    """A session and its user, as they are now."""

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
