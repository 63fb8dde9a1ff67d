"""What a route does by method, whatever it answers with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.errors import HTTPS_REQUIRED, UNAVAILABLE, Refusal
from service.http.responses import Reply, StreamedReply
from service.storage.errors import StoreUnavailable

Answer = Reply | StreamedReply | Refusal
Handler = Callable[[Scope, Receive], Awaitable[Answer]]


class Methods:
    """The handlers of a route by method; where HTTPS is demanded nothing else reaches them.

    HEAD is answered like GET; the HTTP server leaves the body out.
    """

    def __init__(self, handlers: Mapping[str, Handler], *, require_https: bool) -> None:
        heads = {"HEAD": handlers["GET"]} if "GET" in handlers else {}
        self.handlers = {**handlers, **heads}
        self.require_https = require_https

    async def outcome(self, scope: Scope, receive: Receive) -> Answer:
        """A reply, or why there is none; a store that is away is a refusal too."""
        if self.require_https and scope["scheme"] != "https":
            return HTTPS_REQUIRED
        try:
            return await self.handlers[scope["method"]](scope, receive)
        except StoreUnavailable:
            return UNAVAILABLE


class DirectRoutes:
    """Gives a call to the route that the router would choose; what is left, also every refusal, is the router's own."""

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        self.app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            for method in route.methods or ()
            if "{" not in route.path and _chosen(routes, method, route.path) is route
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one call."""
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None or scope.get("root_path"):
            return self.app(scope, receive, send)
        scope["route"] = route
        scope["path_params"] = {}
        return route.app(scope, receive, send)


def _chosen(routes: Sequence[Route], method: str, path: str) -> Route:
    """The first that takes the method and the path, as the router has it."""
    scope: Scope = {"type": "http", "method": method, "path": path}
    return next(route for route in routes if route.matches(scope)[0] is Match.FULL)
