"""Endpoints and their routes: authorize a request, call the handler of its method, send the reply or the error."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.context import RequestContext, context_of
from service.http.error_formats import error_reply
from service.http.errors import HTTPS_REQUIRED, UNAVAILABLE, Refusal
from service.http.responses import MAX_BYTES_AT_ONCE, WHOLE_REPLY, Header, Reply
from service.storage.errors import StoreUnavailable

CallerT = TypeVar("CallerT")


class Sendable(Protocol):
    """A reply as an ASGI application that sends it, such as Reply and StreamedReply."""

    def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> Awaitable[None]:
        """Send the reply."""


HandlerResult = Sendable | Refusal
Handler = Callable[[Scope, Receive, CallerT], Awaitable[HandlerResult]]
PublicHandler = Callable[[Scope, Receive], Awaitable[HandlerResult]]


class AuthResult(NamedTuple, Generic[CallerT]):
    """Either the authorized caller or a refusal; `headers` are set on the reply in both cases."""

    caller: CallerT | None
    refusal: Refusal | None = None
    headers: Sequence[Header] = ()


class AuthPolicy(Protocol[CallerT]):
    """Decides who may call an endpoint. The policies are in `service.auth.policy`."""

    async def authorize(self, scope: Scope) -> AuthResult[CallerT]:
        """Decide from the request's head, before its body is read. Raise StoreUnavailable."""


class Operation(NamedTuple, Generic[CallerT]):
    """What one method of a path does: `handle` gets the caller whom `policy` has authorized."""

    policy: AuthPolicy[CallerT]
    handle: Handler[CallerT]


class NoAuth:
    """The policy of endpoints that everybody may call."""

    async def authorize(self, scope: Scope) -> AuthResult[None]:
        """Authorize the request without a caller."""
        return _ANYBODY


_ANYBODY: AuthResult[None] = AuthResult(None)


def public(handle: PublicHandler) -> Operation[None]:
    """Return an operation that everybody may call."""
    return Operation(NoAuth(), lambda scope, receive, _: handle(scope, receive))


class Endpoint:
    """The ASGI application of one path: its operations by method.

    This is the only place that enforces HTTPS. HEAD is answered like GET; the HTTP server leaves the body out.
    """

    def __init__(self, operations: Mapping[str, Operation[Any]], *, require_https: bool) -> None:
        heads = {"HEAD": operations["GET"]} if "GET" in operations else {}
        self.operations = {**operations, **heads}
        self.require_https = require_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        context = context_of(scope)
        result: HandlerResult
        if self.require_https and scope["scheme"] != "https":
            result = HTTPS_REQUIRED
        else:
            policy, handle = self.operations[scope["method"]]
            try:
                caller, refusal, context.reply_headers = await policy.authorize(scope)
                result = refusal or await handle(scope, receive, caller)
            except StoreUnavailable:
                result = UNAVAILABLE
        if isinstance(result, Refusal):
            context.refusal = result.code
            result = self.refuse(result, scope, context)
        reply = self.encode(result, scope)
        if (
            isinstance(reply, Reply)
            and len(reply.body) <= MAX_BYTES_AT_ONCE
            and WHOLE_REPLY in scope.get("extensions", ())
        ):
            # The usual case, without a call of the reply, which would do the same.
            status, body, headers, content_type = reply
            standard = ((b"content-type", content_type), (b"content-length", b"%d" % len(body)))
            await send({"type": WHOLE_REPLY, "status": status, "headers": [*standard, *headers], "body": body})
        else:
            await reply(scope, receive, send)

    def refuse(self, refusal: Refusal, scope: Scope, context: RequestContext) -> Reply:
        """Return the error reply to a refused request, in the format of the API that the path belongs to."""
        return error_reply(refusal, scope["path"], context.trace_id)

    def encode(self, reply: Sendable, scope: Scope) -> Sendable:
        """Return the reply in a content encoding that the request accepts; here without any."""
        return reply


def route(path: str, operations: Mapping[str, Operation[Any]], *, require_https: bool) -> Route:
    """Return the route of a path with one endpoint for all of its methods."""
    return Route(path, Endpoint(operations, require_https=require_https), methods=[*operations])


class DirectRoutes:
    """Calls the route that the router would choose, found by method and path; all other requests go to the router."""

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        self.app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            for method in route.methods or ()
            if "{" not in route.path and _chosen(routes, method, route.path) is route
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None or scope.get("root_path"):
            return self.app(scope, receive, send)
        scope["route"] = route
        scope["path_params"] = {}
        return route.app(scope, receive, send)


def _chosen(routes: Sequence[Route], method: str, path: str) -> Route:
    """Return the first route that matches the method and the path, as the router does."""
    scope: Scope = {"type": "http", "method": method, "path": path}
    return next(route for route in routes if route.matches(scope)[0] is Match.FULL)
