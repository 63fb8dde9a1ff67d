"""`/api/console/session`: POST starts a session with an e-mail and a password, DELETE ends it.

A wrong password and an unknown e-mail get the same answer after the same work, so that callers cannot distinguish them.
"""

from typing import Any

import structlog
from starlette.types import Receive, Scope

from service.auth.login_attempts import LoginAttempts
from service.auth.passwords import LoginTurns, Passwords, TooBusy
from service.auth.sessions import OpenSession, OpenSessions, Sessions
from service.auth.users import PASSWORD_CHARACTERS, User, UserStore, checked_email
from service.http import json
from service.http.context import context_of, network
from service.http.errors import INVALID_REQUEST, TOO_MANY_ATTEMPTS, UNAVAILABLE, WRONG_CREDENTIALS, Refusal
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.http.validation import InvalidRequest, check_names, read_body
from service.storage.errors import StoreUnavailable

FIELDS = ("email", "password")


class Login:
    """Logs users in, with limits per e-mail and per address."""

    def __init__(
        self,
        reader: BodyReader,
        users: UserStore,
        passwords: Passwords,
        sessions: Sessions,
        attempts: LoginAttempts,
        turns: LoginTurns,
    ) -> None:
        self.reader = reader
        self.users = users
        self.passwords = passwords
        self.sessions = sessions
        self.attempts = attempts
        self.turns = turns
        self.log = structlog.get_logger()

    async def log_in(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return a session token, or a refusal."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        credentials = read_body(body, _credentials, "The body must be a JSON object with email and password.")
        if isinstance(credentials, Refusal):
            return credentials
        address = scope["client"][0] if scope.get("client") else "unknown"
        try:
            return await self._start_session(scope, *credentials, address)
        except (StoreUnavailable, TooBusy):
            return UNAVAILABLE

    async def _start_session(self, scope: Scope, email: str, password: str, address: str) -> Reply | Refusal:
        user = await self.user(email, password, address)
        if isinstance(user, Refusal):
            return user
        context_of(scope).account_id = user.account_id
        seconds = int(self.sessions.lifetime.total_seconds())
        session: dict[str, json.Value] = {
            "access_token": self.sessions.issue(user),
            "token_type": "Bearer",
            "expires_in": seconds,
        }
        return Reply(200, json.encode(session))

    async def user(self, email: str, password: str, address: str) -> User | Refusal:
        """Return the user with this e-mail and password, or a refusal. Raise StoreUnavailable, TooBusy."""
        try:
            email = checked_email(email)
        except ValueError as fault:
            return INVALID_REQUEST.saying(f"email: {fault}")
        attempt = await self.attempts.begin(email, address)
        if attempt.wait_seconds:
            return TOO_MANY_ATTEMPTS.with_headers([(b"retry-after", b"%d" % attempt.wait_seconds)])
        async with self.turns.turn(network(address), is_slowed=attempt.is_slowed):
            user = await self.users.find_by_email(email)
            right = await self.passwords.verify(user.password_hash if user else None, password)
        if user is None or not right:
            self.log.info("login_failed", address=address)
            return WRONG_CREDENTIALS
        await self.attempts.succeeded(email, address)
        self.log.info("logged_in", user=user.id, account=user.account_id)
        return user


class Logout:
    """Ends sessions of the console's API."""

    def __init__(self, sessions: OpenSessions) -> None:
        self.sessions = sessions
        self.log = structlog.get_logger()

    async def log_out(self, scope: Scope, receive: Receive, caller: OpenSession) -> Reply | Refusal:
        """End the session of the call; its token is invalid from then on."""
        await self.sessions.end(caller.session)
        self.log.info("logged_out", user=caller.user.id, account=caller.user.account_id)
        return Reply(200, json.encode({"object": "session.deleted", "deleted": True}))


def _credentials(fields: dict[str, Any]) -> tuple[str, str]:
    """Return e-mail and password. Raise InvalidRequest."""
    check_names(fields, FIELDS)
    for name in FIELDS:
        if not isinstance(fields.get(name), str):
            raise InvalidRequest(f"{name}: must be a string.")
    if len(fields["password"]) > PASSWORD_CHARACTERS[1]:
        raise InvalidRequest(f"password: must have at most {PASSWORD_CHARACTERS[1]} characters.")
    return fields["email"], fields["password"]
