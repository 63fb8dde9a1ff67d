"""The session of the console in a browser: an HttpOnly cookie that each page renews."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog
from starlette.types import Receive, Scope

from service.auth.passwords import TooBusy
from service.auth.sessions import OpenSessions
from service.auth.users import PASSWORD_CHARACTERS, User
from service.console.login import Login
from service.http.context import context_of
from service.http.endpoint import HandlerResult, PublicHandler
from service.http.errors import UNAVAILABLE, Refusal
from service.http.responses import Header, Reply
from service.web.forms import FormReader, WebForm, cookie, keep_cookie, origin_refusal
from service.web.page import Pages, redirect

COOKIE = "weighbridge_session"
PATH = "/console"
SHOWN_ERRORS = (400, 401, 429)


class Visit(NamedTuple):
    """A signed-in user, and the header with the renewed session cookie."""

    user: User
    headers: Sequence[Header]


UserPage = Callable[[Scope, Receive, Visit], Awaitable[HandlerResult]]
UserForm = Callable[[Scope, WebForm, Visit], Awaitable[Reply | Refusal]]


class ConsoleSessions:
    """Signs users in and out, and guards the pages of the console."""

    def __init__(self, pages: Pages, reader: FormReader, login: Login, sessions: OpenSessions) -> None:
        self.pages = pages
        self.reader = reader
        self.login = login
        self.sessions = sessions
        self.log = structlog.get_logger()

    def page(self, show: UserPage) -> PublicHandler:
        """Return a handler for a page of signed-in users. Others get the sign-in form, which leads back to the page."""

        async def guarded(scope: Scope, receive: Receive) -> HandlerResult:
            visit = await self._visit(scope)
            return self._sign_in(scope["path"]) if visit is None else await show(scope, receive, visit)

        return guarded

    def form(self, take: UserForm) -> PublicHandler:
        """Return a handler for a form of signed-in users, which must come from one of our own pages."""

        async def guarded(scope: Scope, receive: Receive) -> Reply | Refusal:
            if refusal := origin_refusal(scope):
                return refusal
            visit = await self._visit(scope)
            if visit is None:
                return self._sign_in(PATH, ended=True)
            form = await self.reader.read(scope, receive)
            return form if isinstance(form, Refusal) else await take(scope, form, visit)

        return guarded

    async def sign_in(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Sign in with the e-mail and password of the form."""
        if refusal := origin_refusal(scope):
            return refusal
        form = await self.reader.read(scope, receive)
        if isinstance(form, Refusal):
            return form
        address = scope["client"][0] if scope.get("client") else "unknown"
        try:
            user = await self.login.user(form.one("email"), form.one("password")[: PASSWORD_CHARACTERS[1]], address)
        except TooBusy:
            return UNAVAILABLE
        if isinstance(user, Refusal):
            context_of(scope).refusal = user.code
            return self._sign_in(_console_path(form.one("next")), user, form.one("email")[:254])
        context_of(scope).account_id = user.account_id
        return redirect(_console_path(form.one("next")), [self._keep(scope, self.sessions.sessions.issue(user))])

    async def sign_out(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """End the session and delete its cookie."""
        if refusal := origin_refusal(scope):
            return refusal
        found = await self.sessions.find(cookie(scope, COOKIE) or "")
        if found is not None:
            await self.sessions.end(found.session)
            self.log.info("logged_out", user=found.user.id, account=found.user.account_id)
        return redirect(PATH, [keep_cookie(scope, COOKIE, "", 0, PATH)])

    async def _visit(self, scope: Scope) -> Visit | None:
        """Return the signed-in user, or None. Raise StoreUnavailable."""
        found = await self.sessions.find(cookie(scope, COOKIE) or "")
        token = self.sessions.sessions.renewed(*found) if found else None
        if found is None or token is None:
            return None
        context_of(scope).account_id = found.user.account_id
        return Visit(found.user, [self._keep(scope, token)])

    def _keep(self, scope: Scope, token: str) -> Header:
        return keep_cookie(scope, COOKIE, token, int(self.sessions.sessions.lifetime.total_seconds()), PATH)

    def _sign_in(self, onward: str, refusal: Refusal | None = None, email: str = "", *, ended: bool = False) -> Reply:
        values = {"onward": onward, "refusal": refusal, "email": email, "ended": ended}
        status, headers = (refusal.status, refusal.headers) if refusal else (200, ())
        return self.pages.page("sign_in.html", values, status, headers)


def _console_path(path: str) -> str:
    """Return the path if it is one of the console, else its start page: never redirect to another site."""
    return path if path in ("/console/keys", "/console/statement") else PATH
