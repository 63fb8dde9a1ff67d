"""The short way to a route leads where the router would."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from service.http.responses import Reply
from service.http.routing import DirectRoutes

pytestmark = pytest.mark.anyio


class Named:
    """Says its name, and the path's pattern that led to it."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Always 200."""
        told = f"{self.name} {scope['route'].path} {scope['path_params']}"
        await Reply(200, told.encode())(scope, receive, send)


ROUTES = [
    Route("/a", Named("read"), methods=["GET"]),
    Route("/a", Named("write"), methods=["POST"]),
    Route("/{any}", Named("any"), methods=["GET", "PUT"]),
    Route("/late", Named("late"), methods=["GET", "POST"]),
]
CALLS = [
    (method, path)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE")
    for path in ("/a", "/a/", "/late", "/other", "/a/b", "/", "//a", "/%61", "/A")
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_is_answered_as_by_the_router(method: str, path: str) -> None:
    """Status, body and headers are the router's own for every method and path."""
    answers = []
    for middleware in ([], [Middleware(DirectRoutes, ROUTES)]):
        app = Starlette(routes=ROUTES, middleware=middleware)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as caller:
            answer = await caller.request(method, path)
        answers.append((answer.status_code, answer.content, sorted(answer.headers.get("allow", "").split(", "))))
    assert answers[0] == answers[1]
