"""A call that is refused by its head is refused before its body is read."""

import json
import socket
from collections.abc import Iterator

import httpx2
import pytest

from tests.fake_upstream import fake_upstream
from tests.service.gateway.served_gateway import Gateway, served_gateway
from tokenizer_registry import Registry

pytestmark = pytest.mark.promise(45)

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
JSON = "Content-Type: application/json\r\n"
OURS = "Sec-Fetch-Site: same-origin\r\n"
LENGTH = 900_000
# Far less than the time for a body.
SECONDS = 5


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Yield a service whose time for bodies is longer than any test waits."""
    folder = tmp_path_factory.mktemp("unread")
    with (
        fake_upstream() as upstream,
        served_gateway(
            folder, upstream, Registry.from_package(), body_timeout_seconds=60.0, playground_calls_per_month=1
        ) as running,
    ):
        yield running


def status(gateway: Gateway, target: str, *lines: str) -> int:
    """Return the status of a POST of which only the head is sent."""
    host, _, port = gateway.url.removeprefix("http://").rpartition(":")
    head = f"POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {LENGTH}\r\n{''.join(lines)}\r\n"
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(head.encode())
        return int(connection.recv(65_536).split()[1])


@pytest.mark.parametrize(
    ("target", "lines", "expected"),
    [
        ("/v1/tokens/count", [JSON], 400),
        ("/v1/tokens/encode", [JSON], 400),
        ("/v1/tokens/split", [JSON], 400),
        ("/v1/messages/count_tokens", [JSON], 401),
        ("/v1beta/models/gpt-4o:countTokens", [JSON], 401),
        ("/tokenize", [JSON], 401),
        ("/v1/chat/completions", [JSON], 401),
        ("/api/gateway/keys", [JSON], 401),
        ("/api/console/session", [JSON], 413),
        ("/console/sign-in", [FORM], 403),
        ("/console/sign-in", [FORM, OURS], 413),
        ("/console/sign-out", [FORM, OURS], 303),
        ("/console/keys", [FORM], 403),
        ("/console/keys", [FORM, OURS], 200),
        ("/console/keys/k1/revoke", [FORM, OURS], 200),
        ("/", [FORM], 403),
        ("/", [FORM, OURS], 403),
        ("/playground", [FORM, OURS], 403),
        ("/playground", [FORM, OURS, "Cookie: weighbridge_visitor=me.0123\r\n"], 403),
    ],
)
def test_call_that_its_head_refuses_is_refused_unread(
    gateway: Gateway, target: str, lines: list[str], expected: int
) -> None:
    """Without a key, a session, the right origin or a visitor's cookie the body is not awaited."""
    assert status(gateway, target, *lines) == expected


def test_idempotency_key_is_looked_at_before_the_body(gateway: Gateway) -> None:
    """An invalid idempotency key is refused before the body is read."""
    caller = gateway.caller()
    assert (
        status(gateway, "/v1/chat/completions", JSON, f"X-Api-Key: {caller.secret}\r\n", "Idempotency-Key: \r\n") == 400
    )


def test_visitor_over_its_limit_is_refused_unread(gateway: Gateway) -> None:
    """A visitor whose counts of the month are used up is refused before a long text is read."""
    with httpx2.Client(base_url=gateway.url, headers={"Sec-Fetch-Site": "same-origin"}) as client:
        cookie = client.get("/").cookies["weighbridge_visitor"]
        assert client.post("/playground", data={"input": "Hello."}).status_code == 200
    assert status(gateway, "/playground", FORM, OURS, f"Cookie: weighbridge_visitor={cookie}\r\n") == 429


def test_small_form_without_a_cookie_keeps_its_text(gateway: Gateway) -> None:
    """A visitor who lost the cookie gets the page again, with the text and a new cookie."""
    answer = httpx2.post(gateway.url, data={"input": "A text."}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, "A text." in answer.text) == (403, True)
    assert "weighbridge_visitor" in answer.cookies


def test_body_of_a_chat_is_not_held_while_it_runs(gateway: Gateway) -> None:
    """Memory for ignored parts of a body is released once it is parsed, before the upstream is called."""
    caller, held = gateway.caller(), []
    usual = gateway.upstream.answer

    def answer(body: dict[str, object]) -> object:
        numbers = httpx2.get(f"{gateway.url}/metrics").text.splitlines()
        held.append(
            next(float(line.split()[-1]) for line in numbers if line.startswith("weighbridge_bytes_in_flight "))
        )
        return usual(body)

    gateway.upstream.answer = answer  # type: ignore[assignment]
    padded = json.dumps({"note": "x" * LENGTH})
    try:
        assert caller.chat(metadata=json.loads(padded)).status_code == 200
        assert caller.chat(messages=[{"role": "user", "content": "long " * 40_000}]).status_code == 200
    finally:
        gateway.upstream.answer = usual
    assert held[0] < 5_000
    assert 200_000 < held[1] < 250_000
