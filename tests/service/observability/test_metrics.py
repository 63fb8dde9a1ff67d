"""Callers without a key cannot create new series of metrics."""

import asyncio

import pytest
from starlette.types import Message, Scope

from service.http.responses import WHOLE_REPLY
from tests.service.console.conftest import Console
from tests.service.console.conftest import console as console

pytestmark = pytest.mark.anyio
CALLS = 10_000
# Known and unknown ones, with and without parameters.
PATHS = (
    "/health",
    "/v1/models",
    "/v1/tokens/count",
    "/api/gateway/keys",
    "/{number}",
    "/v1/models/{number}",
    "/models/{number}",
    "/static/{number}/{number}",
    "/console/keys/{number}/revoke",
    "/api/gateway/usage/{number}",
)


def scope_of(method: str, path: str, query: bytes = b"") -> Scope:
    """Return the scope of a request, as the server passes it to the application."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"test"), (b"authorization", b"Bearer " + path.encode())],
        "client": ("192.0.2.1", 1),
        "server": ("test", 80),
        "extensions": {WHOLE_REPLY: {}},
    }


async def test_series_do_not_grow_with_what_callers_make_up(console: Console) -> None:
    """After each way of being refused was seen once, ten thousand other methods and paths add no series."""
    app = console.app

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ignore(message: Message) -> None:
        pass

    async def series(calls: range) -> int:
        for number in calls:
            path = PATHS[number % len(PATHS)].format(number=number)
            await app(scope_of(f"M{number}", path), nothing, ignore)
            await app(scope_of("GET", path, b"q=%d" % number), nothing, ignore)
            await asyncio.sleep(0)
        console.connections.metrics.write()
        return console.connections.metrics.text().count(b"\n")

    first = await series(range(len(PATHS)))
    assert await series(range(len(PATHS), CALLS)) == first
