"""A route of the console's API, and the session that it needs."""

from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from service.auth.credentials import bearer_tokens
from service.auth.sessions import OpenSession, OpenSessions
from service.auth.users import User
from service.http.context import context_of
from service.http.errors import INVALID_SESSION, MISSING_SESSION, Refusal, error_reply
from service.http.responses import Reply
from service.http.routing import Handler, Methods

UserHandler = Callable[[Scope, Receive, User], Awaitable[Reply | Refusal]]


class SessionGate:
    """Knows the user of a session."""

    def __init__(self, sessions: OpenSessions) -> None:
        self.sessions = sessions

    async def session(self, scope: Scope) -> OpenSession | Refusal:
        """Return the session that the call carries. An API key is none. Raises StoreUnavailable."""
        tokens = set(bearer_tokens(scope))
        if not tokens:
            return MISSING_SESSION
        found = await self.sessions.find(tokens.pop()) if len(tokens) == 1 else None
        if found is None:
            return INVALID_SESSION
        context_of(scope).account_id = found.user.account_id
        return found

    async def user(self, scope: Scope) -> User | Refusal:
        """Return whose session the call carries. Raises StoreUnavailable."""
        found = await self.session(scope)
        return found if isinstance(found, Refusal) else found.user

    def guarding(self, handle: UserHandler) -> Handler:
        """A handler that is called with the user, and only if there is one."""

        async def guarded(scope: Scope, receive: Receive) -> Reply | Refusal:
            user = await self.user(scope)
            return user if isinstance(user, Refusal) else await handle(scope, receive, user)

        return guarded


class ConsoleEndpoint:
    """An ASGI application for one route, by method."""

    def __init__(self, handlers: dict[str, Handler], *, require_https: bool) -> None:
        self.methods = Methods(handlers, require_https=require_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        context = context_of(scope)
        outcome = await self.methods.outcome(scope, receive)
        if isinstance(outcome, Refusal):
            context.refusal = outcome.code
            outcome = error_reply(outcome, scope["path"], context.trace_id)
        await outcome(scope, receive, send)
