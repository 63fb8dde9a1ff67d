"""Direct dispatch: requests for a fixed path skip the router's search."""

from collections.abc import Awaitable, Sequence

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send


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
