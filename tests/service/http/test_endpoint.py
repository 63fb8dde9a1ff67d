"""An endpoint calls the method's policy first; the fast lookup of routes agrees with the router."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from service.http.context import RequestContext
from service.http.endpoint import AuthResult, DirectRoutes, Operation, public, route
from service.http.errors import NO_PERMISSION, NOT_FOUND, Refusal
from service.http.responses import Reply
from service.storage.errors import StoreUnavailable

pytestmark = pytest.mark.anyio


class Named:
    """An endpoint that answers with its name and the pattern of the path."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200 with the name, the route and its parameters."""
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


class Doorman:
    """A policy that returns a fixed result, or raises."""

    def __init__(self, result: AuthResult[str] | StoreUnavailable) -> None:
        self.result = result

    async def authorize(self, scope: Scope) -> AuthResult[str]:
        """Return the fixed result, or raise it."""
        if isinstance(self.result, StoreUnavailable):
            raise self.result
        return self.result


async def greet(scope: Scope, receive: Receive, caller: str) -> Reply | Refusal:
    """Answer with the caller's name, with 404 for one caller, and raise StoreUnavailable for another."""
    if caller == "gone":
        raise StoreUnavailable("redis://", "away")
    return NOT_FOUND if caller == "nobody" else Reply(200, caller.encode())


AWAY = StoreUnavailable("redis://", "away")


@pytest.mark.parametrize(
    ("result", "status", "refusal"),
    [
        (AuthResult("ann"), 200, None),
        (AuthResult("nobody"), 404, "not_found"),
        (AuthResult(None, NO_PERMISSION), 403, "permission_denied"),
        (AuthResult("ann", NO_PERMISSION), 403, "permission_denied"),
        (AWAY, 503, "unavailable"),
        (AuthResult("gone"), 503, "unavailable"),
    ],
)
async def test_a_handler_is_called_for_authorized_callers_only(
    result: AuthResult[str] | StoreUnavailable, status: int, refusal: str | None
) -> None:
    """A refusal of the policy or of the handler becomes an error reply, and so does an unavailable store."""
    context, sent = await answered("GET", "https", Doorman(result))
    assert (sent[0]["status"], context.refusal) == (status, refusal)


@pytest.mark.parametrize(
    "result", [AuthResult("ann", None, [(b"a", b"1")]), AuthResult(None, NO_PERMISSION, [(b"a", b"1")])]
)
async def test_the_headers_of_the_policy_are_kept_for_the_reply(result: AuthResult[str]) -> None:
    """The policy's headers are on replies and on refusals."""
    context, _ = await answered("GET", "https", Doorman(result))
    assert list(context.reply_headers) == [(b"a", b"1")]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_https_is_demanded_before_the_policy_is_asked(method: str) -> None:
    """HTTPS is required of every method, before the policy is called."""
    context, sent = await answered(method, "http", Doorman(StoreUnavailable("redis://", "asked")))
    assert (sent[0]["status"], context.refusal) == (403, "https_required")


async def test_everybody_may_call_a_public_operation() -> None:
    """A public operation is called with `None` in place of a caller."""
    _, sent = await answered("POST", "https", Doorman(AuthResult(None, NO_PERMISSION)))
    assert sent[0]["status"] == 200


async def answered(method: str, scheme: str, policy: Doorman) -> tuple[RequestContext, list[Message]]:
    """Return the context and the messages of an endpoint that requires HTTPS."""

    async def everybody(scope: Scope, receive: Receive) -> Reply:
        return Reply(200, b"")

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    sent: list[Message] = []
    endpoint = route("/a", {"GET": Operation(policy, greet), "POST": public(everybody)}, require_https=True).app
    context = RequestContext("")
    scope = {"type": "http", "method": method, "scheme": scheme, "path": "/a", "weighbridge.context": context}
    await endpoint(scope, receive, send)
    return context, sent
