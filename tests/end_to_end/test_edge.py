"""The edge of the real server: HTTPS behind proxies, web pages of other origins, heads without end."""

import socket
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.end_to_end.server import Server, running

ORIGIN = "https://app.example"
HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that believes the proxy on this machine."""
    settings = {
        "REQUIRE_HTTPS": "true",
        "TRUSTED_PROXIES": "10.0.0.1,127.0.0.1",
        "CORS_ORIGINS": f"{ORIGIN}, https://other.example:8443",
        "HEAD_TIMEOUT_SECONDS": "0.5",
        "KEEP_ALIVE_SECONDS": "1",
    }
    with running(tmp_path_factory.mktemp("proxied") / "data", settings) as started:
        yield started


@pytest.fixture(scope="module")
def believing_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that demands HTTPS and knows no proxy."""
    with running(tmp_path_factory.mktemp("direct") / "data", {"REQUIRE_HTTPS": "true"}) as started:
        yield started


def call(server: Server, **headers: str) -> httpx2.Response:
    """A call with the demo key."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": server.demo_key, **names})


def test_https_is_demanded_and_a_named_proxy_believed(behind_proxy: Server) -> None:
    """Plain HTTP is a 403 in shape T; what the named proxy says came over HTTPS passes, and its client is logged."""
    refused = call(behind_proxy)
    assert (refused.status_code, refused.json()["title"]) == (403, "Forbidden")
    passed = call(behind_proxy, **HTTPS)
    assert passed.status_code == 200
    assert passed.headers["Strict-Transport-Security"] == "max-age=31536000"
    behind_proxy.wait_for('"client": "192.0.2.7"')


def test_a_proxy_that_is_not_named_is_not_believed(believing_nobody: Server) -> None:
    """Without trusted proxies, headers that claim HTTPS or another address are ignored."""
    assert call(believing_nobody, **HTTPS).status_code == 403
    assert httpx2.post(f"{believing_nobody.url}/api/console/session", json={}, headers=HTTPS).status_code == 403
    assert httpx2.get(f"{believing_nobody.url}/health").status_code == 200
    believing_nobody.wait_for('"client": "127.0.0.1"')
    assert "192.0.2.7" not in believing_nobody.text


def test_pages_of_named_origins_may_call(behind_proxy: Server) -> None:
    """Replies to a named origin list the headers that a browser may send and read; a preflight needs no key."""
    asked = httpx2.options(
        f"{behind_proxy.url}/v1/tokens/count",
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"},
    )
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "X-Api-Key" in asked.headers["Access-Control-Allow-Headers"]
    assert len(asked.headers["X-Request-Id"]) == 32
    answer = call(behind_proxy, Origin=ORIGIN, **HTTPS)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def preflight(server: Server, asked: str) -> str:
    """The headers that a page may send which asks for these."""
    answer = httpx2.options(
        f"{server.url}/v1/chat/completions",
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked},
    )
    assert answer.status_code == 204
    permitted: str = answer.headers["Access-Control-Allow-Headers"]
    return permitted


@pytest.mark.parametrize("asked", ["authorization,content-type,http-referer,x-stainless-os,x-title", "x-a, x-b", "x_a"])
def test_a_page_may_send_the_headers_that_its_client_has(behind_proxy: Server, asked: str) -> None:
    """A preflight permits all header names that it asks for: clients add headers that a page cannot prevent."""
    assert preflight(behind_proxy, asked) == asked


@pytest.mark.parametrize(
    "asked", ["", "x-a,", "x-a,,x-b", "x a", "x-a;q=1", "x" * 65, ",".join(["x-a"] * 65), ",".join(["x" * 64] * 64)]
)
def test_what_is_no_list_of_names_is_not_repeated(behind_proxy: Server, asked: str) -> None:
    """A list that is long, or of another form, is not sent back; the headers of this API may be sent all the same."""
    permitted = preflight(behind_proxy, asked)
    assert permitted != asked
    assert "Authorization" in permitted


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example", "null", f"{ORIGIN}.evil.example"])
def test_pages_of_other_origins_may_not(behind_proxy: Server, origin: str) -> None:
    """An origin that is not named gets no permission, and its preflight is a call like any other."""
    asked = httpx2.options(
        f"{behind_proxy.url}/v1/tokens/count", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )
    assert asked.status_code == 405
    for answer in (asked, call(behind_proxy, Origin=origin, **HTTPS)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_no_page_may_call_unless_it_is_named(server: Server) -> None:
    """Without the setting no reply has a header of cross-origin sharing."""
    answer = call(server, Origin=ORIGIN)
    assert not [name for name in answer.headers if name.startswith("access-control") or name == "vary"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/tokens/models?name=" + "x" * 9_000, {}, 414),
        ("/" + "x" * 9_000, {}, 414),
        ("/api/" + "x" * 9_000, {}, 414),
        ("/v1/tokens/authors", {f"X-Header-{n}": "x" for n in range(101)}, 431),
        ("/v1/tokens/authors", {"X-Header": "x" * 40_000}, 431),
        ("/health", {"X-Header": "x" * 40_000}, 431),
    ],
    ids=["query", "path", "gateway path", "many headers", "long header", "long header of a probe"],
)
def test_large_heads_are_refused(server: Server, path: str, headers: dict[str, str], status: int) -> None:
    """An address or headers over the bounds are refused in the API's shape, and the connection is closed."""
    answer = httpx2.get(server.url + path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Connection"] == "close"
    assert ("error" in answer.json()) == path.startswith("/api/")
    assert answer.headers["X-Request-Id"]


def test_a_head_that_does_not_end_is_not_waited_for(behind_proxy: Server) -> None:
    """A connection that sends no head, half of one, or one byte at a time is closed after the time for heads."""
    for begun in (b"", b"G", b"GET /health HTTP/1.1\r\nHost: x\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /h"):
        with socket.create_connection(("127.0.0.1", behind_proxy.port), timeout=10) as connection:
            connection.sendall(begun)
            while connection.recv(65536):
                pass


def test_an_idle_connection_is_closed_after_the_time_that_is_set(behind_proxy: Server) -> None:
    """The time of the setting reaches the workers; it runs anew from each reply."""
    with socket.create_connection(("127.0.0.1", behind_proxy.port), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.6)
        assert connection.recv(65536) == b""


def test_a_head_without_bounds_is_cut_off(server: Server) -> None:
    """A header line of many megabytes is not kept in memory: the server closes long before it has come."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ")
        sent_bytes = 0
        try:
            while sent_bytes < 20_000_000:
                connection.sendall(b"x" * 65_536)
                sent_bytes += 65_536
        except OSError:
            pass
    assert sent_bytes < 20_000_000


def test_security_headers(server: Server) -> None:
    """Every reply forbids sniffing, framing and embedding; only where HTTPS is demanded does it speak of HTTPS."""
    for path in ("/health", "/v1/tokens/authors", "/nothing", "/api/nothing"):
        headers = httpx2.get(server.url + path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Strict-Transport-Security" not in headers
