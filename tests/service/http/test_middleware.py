"""The outermost middleware: what callers and the log get when the application fails."""

import errno
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from service.auth.keys import new_secret
from service.http.middleware import RequestMiddleware
from service.observability import log
from tests.logs import keep_errors_alone

SECRET = new_secret()


class Broken:
    """An application that fails with an error that holds a secret."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise an error that holds a secret."""
        raise RuntimeError(f"could not handle {SECRET}")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Return what the service logs in the block."""
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    keep_errors_alone()
    logging.getLogger().handlers.clear()


def client() -> httpx2.AsyncClient:
    """Yield a client of a failing application, on both APIs' paths."""
    paths = ("/v1/tokens/count", "/v1/chat/completions")
    app = Starlette(routes=[Route(path, Broken()) for path in paths], middleware=[Middleware(RequestMiddleware)])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


@pytest.mark.anyio
async def test_a_fault_inside_leaks_nothing() -> None:
    """A 500 does not reveal its cause; its event id finds the traceback in the log, which contains no secret."""
    with logged() as stream:
        async with client() as caller:
            answer = await caller.post(f"/v1/tokens/count?api-key={SECRET}")
    body = answer.json()
    assert (answer.status_code, body["message"], body["title"]) == (
        500,
        "Something went wrong.",
        "Internal Server Error",
    )
    assert body["trace_id"] == answer.headers["X-Request-Id"]
    printed = stream.getvalue()
    events = {event["event"]: event for event in map(json.loads, printed.splitlines())}
    assert events["unhandled_error"]["event_id"] == body["event_id"]
    assert "RuntimeError" in events["unhandled_error"]["exception"]
    assert (events["request"]["status"], events["request"]["path"]) == (500, "/v1/tokens/count")
    assert SECRET not in printed + answer.text


@pytest.mark.anyio
async def test_the_gateways_paths_answer_in_its_shape() -> None:
    """The same fault on a path of the gateway is reported in the gateway's error shape."""
    with logged():
        async with client() as caller:
            answer = await caller.post("/v1/chat/completions")
    assert answer.json() == {
        "error": {"message": "Something went wrong.", "type": "api_error", "code": "internal_error"}
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError(errno.EMFILE, "Too many open files"),
        RuntimeError("can't start new thread"),
        ImportError("x.so: failed to map segment from shared object"),
    ],
)
async def test_want_of_memory_is_no_fault_of_the_call(error: Exception) -> None:
    """A call that runs out of memory is refused with 503, in the shape of its API, and can be repeated."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError from error

    with logged() as stream:
        transport = httpx2.ASGITransport(app=RequestMiddleware(broken))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as caller:
            answer = await caller.get("/v1/tokens/models")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["message"] == "Service temporarily unavailable."
    (line,) = stream.getvalue().splitlines()[:1]
    assert (json.loads(line)["event"], json.loads(line)["reason"]) == ("out_of_resources", repr(error))
