"""Nothing that is sent makes a 500: requests made up from a seed against a real server, on SQLite and on PostgreSQL.

`HTTP_FUZZ_REQUESTS` sets how many each database gets, twice.
"""

import http.client
import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Route

from pricing_data import PriceBook
from service.app import create_app
from service.connections import Addresses, Connections
from service.runtime.settings import Settings
from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.fuzzed_requests import Credentials, Fuzzer
from tests.end_to_end.numbers import number
from tests.end_to_end.server import PASSWORD, Server, running
from tests.fake_upstream import MODEL, fake_upstream
from tests.promises.figure import Figure
from tests.service.gateway.served_gateway import NO_REDIS
from tests.service.storage.databases import PEPPERS
from tests.service.storage.postgres import postgres_server
from tokenizer_registry import Registry

REQUESTS = int(os.environ.get("HTTP_FUZZ_REQUESTS", "500"))
SEED = int(os.environ.get("HTTP_FUZZ_SEED", "16"))
MAX_GROWN_BYTES = 20_000_000
EMAIL = "ada@example.org"


@contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    """The setting that names a database of the kind."""
    if kind == "sqlite":
        yield {}
    else:
        with postgres_server() as folder:
            yield {"DATABASE_URL": f"postgresql://postgres@/postgres?host={folder}"}


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server of one worker with an upstream, on either kind of database."""
    with fake_upstream() as upstream, database(request.param) as url:
        settings = {
            **SETTINGS,
            **url,
            "UPSTREAM_URL": upstream.url,
            "UPSTREAM_MODEL": MODEL,
            "UPSTREAM_VOCABULARY": "cl100k_base",
            "CREDIT_WELCOME_INR": "1000000",
            "PLAYGROUND_CALLS_PER_SECOND": "100",
            "CORS_ORIGINS": "https://example.org",
        }
        with running(tmp_path / "data", settings) as started:
            yield started


def routes(folder: Path) -> list[tuple[str, list[str]]]:
    """Every path that the application serves with its methods, from its own routes."""
    connections = Connections(
        Addresses(NO_REDIS, DatabaseUrl.of_file(folder / "no.db"), PEPPERS), limits_without_redis="local"
    )
    app = create_app(Settings.model_validate({}), connections, Registry.from_package(), PriceBook.from_package())
    return sorted((route.path, sorted(route.methods or ())) for route in app.routes if isinstance(route, Route))


def credentials(server: Server) -> Credentials:
    """A key, a session, and a page's cookie of one user."""
    session = server.new_session(EMAIL)
    signed_in = httpx2.post(
        f"{server.url}/console/sign-in",
        data={"email": EMAIL, "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    cookie = signed_in.headers["Set-Cookie"].partition(";")[0]
    server.sessions.append(cookie.partition("=")[2])
    return Credentials(server.demo_key.encode(), b"Bearer " + session.encode(), cookie.encode())


def answer(port: int, request: bytes) -> http.client.HTTPResponse | None:
    """The first final reply to a request, read to its end; None for a connection that is closed without one."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        method = request.partition(b" ")[0].decode()
        try:
            connection.sendall(request)
            reply = http.client.HTTPResponse(connection, method=method)
            reply.begin()
            reply.read()
        except (http.client.HTTPException, OSError):
            return None
        return reply


def has_a_trace_id(reply: http.client.HTTPResponse) -> bool:
    """Whether it has; the HTTP server's plain 400 for what is not HTTP has none, for no application saw the request."""
    is_of_the_server = reply.status == 400 and reply.headers.get("Content-Type", "").startswith("text/plain")
    return is_of_the_server or bool(reply.headers.get("X-Request-Id"))


@pytest.mark.promise(30, 34, 38)
def test_nothing_that_is_sent_makes_a_500(server: Server, tmp_path: Path, figure: Figure) -> None:
    """Made-up requests to every route and method get no 500 and a trace id each; sent again, they take no memory."""
    fuzzer = Fuzzer(SEED, routes(tmp_path), credentials(server))
    requests = [*fuzzer.known(), *(fuzzer.request() for _ in range(REQUESTS))]
    statuses, failed = sent(server, requests)  # vocabularies are loaded, and caches fill
    before = number(server, "weighbridge_resident_bytes")
    _, failed_again = sent(server, requests)
    grown = number(server, "weighbridge_resident_bytes") - before
    assert failed + failed_again == []
    assert "unhandled_error" not in server.text
    assert statuses[None] < REQUESTS // 20
    assert statuses[200] > REQUESTS // 10
    assert abs(grown) < MAX_GROWN_BYTES
    figure(f"{2 * len(requests)} requests, no 500, memory {grown / 1e6:+.1f} MB")


def sent(server: Server, requests: list[bytes]) -> tuple["Counter[int | None]", list[tuple[int, bytes]]]:
    """Send requests: how often each status came, None for no reply; and what should not have been answered so."""
    statuses: Counter[int | None] = Counter()
    failed: list[tuple[int, bytes]] = []
    for request in requests:
        reply = answer(server.port, request)
        statuses[reply.status if reply else None] += 1
        if reply and (reply.status == 500 or not has_a_trace_id(reply)):
            failed.append((reply.status, request[:400]))
    return statuses, failed
