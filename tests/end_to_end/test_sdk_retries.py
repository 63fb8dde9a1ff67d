"""A call that the official client stops waiting for, and tries again, is charged once."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
import redis

from service.storage.embedded_valkey import EmbeddedValkey
from tests.end_to_end.server import Server, running
from tests.end_to_end.worker_connections import worker_connections
from tests.eventually import eventually
from tests.fake_upstream import (
    DONE,
    FINISH,
    MODEL,
    FakeUpstream,
    Script,
    Stall,
    fake_upstream,
    plain,
    said,
    usage_chunk,
)
from tests.promises.figure import Figure

pytestmark = pytest.mark.promise(20)

WORKERS = 2
UPSTREAM_SECONDS = 3.0
TIMEOUT_SECONDS = 1.0
CHAT = "/v1/chat/completions"
MESSAGES: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    """One for all tests here."""
    with fake_upstream() as running_upstream:
        yield running_upstream


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[Server]:
    """Two workers, which share an embedded store."""
    settings = {"UPSTREAM_URL": upstream.url, "UPSTREAM_MODEL": MODEL, "UPSTREAM_VOCABULARY": "cl100k_base"}
    with running(tmp_path_factory.mktemp("retries") / "data", settings, "--workers", str(WORKERS)) as started:
        yield started


def slow(asked: dict[str, Any]) -> Script:
    """An answer that takes its time before the first text."""
    stall = Stall()
    threading.Timer(UPSTREAM_SECONDS, stall.go).start()
    return after(stall, streamed=asked.get("stream", False))


def after(stall: Stall, *, streamed: bool) -> Script:
    """An answer that comes after the stall."""
    if streamed:
        return Script([stall, *said("Hello", " world"), FINISH, usage_chunk(1, 2), DONE])
    return Script([b" ", stall, *plain("Hello world", usage=(1, 2)).pieces], content_type="application/json")


def charges(server: Server, key: str) -> list[str]:
    """What the calls of a key cost, once all are closed."""
    found: list[Any] = []

    def are_closed() -> bool:
        page = httpx2.get(f"{server.url}/api/gateway/usage", headers={"X-API-Key": key}).json()
        found[:] = page["data"]
        return bool(found) and page["credit_held_inr"] == "0.000000"

    eventually(are_closed, within=30)
    return [call["request_cost_inr"] for call in found]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_the_official_client_times_out_and_retries(
    server: Server, upstream: FakeUpstream, streamed: bool, figure: Figure
) -> None:
    """A time-out of 1 s, 2 retries and an upstream that takes 3 s: the last attempt has the answer of the first."""
    key = server.new_key(f"retries {streamed}")
    upstream.answer = slow
    upstream.seen.clear()
    with openai.OpenAI(
        base_url=f"{server.url}/v1", api_key=key, timeout=TIMEOUT_SECONDS, max_retries=2
    ) as client:  # fmt: skip
        raw = client.chat.completions.with_raw_response.create(model="cipher", messages=MESSAGES, stream=streamed)
        answer: Any = raw.parse()
        if streamed:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        else:
            text = answer.choices[0].message.content
    assert text == "Hello world"
    assert raw.headers["x-joined-request-id"]
    assert charges(server, key) == ["0.000225"]
    assert len(upstream.seen) == 1
    figure(f"openai {openai.__version__}, {'streamed' if streamed else 'plain'}: 3 attempts, 1 charge")


def test_two_equal_first_attempts_are_two_charges(server: Server, upstream: FakeUpstream) -> None:
    """Calls that are equal on purpose, at the same time or one after the other, are each made and charged."""
    key = server.new_key("equal")
    upstream.answer = lambda asked: plain("Hello world", usage=(1, 2))
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key) as client:
        for _ in range(2):
            raw = client.chat.completions.with_raw_response.create(model="cipher", messages=MESSAGES)
            assert "x-joined-request-id" not in raw.headers
    assert charges(server, key) == ["0.000225"] * 2


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_retry_joins_a_call_of_another_worker(server: Server, upstream: FakeUpstream, streamed: bool) -> None:
    """Whichever worker the retry comes to, it waits for the call that another one runs."""
    key, stall = server.new_key(f"workers {streamed}"), Stall()
    upstream.answer = lambda asked: after(stall, streamed=asked.get("stream", False))
    upstream.seen.clear()
    with ExitStack() as stack:
        first, other = worker_connections(server, WORKERS, stack).values()
        ask(first, key, 0, streamed=streamed)
        eventually(lambda: upstream.seen, within=30)
        first.close()
        eventually(lambda: is_noted(server), within=30)
        ask(other, key, 1, streamed=streamed)
        stall.go()
        answer = other.getresponse()
        text = answer.read()
    assert (answer.status, b"Hello" in text) == (200, True)
    assert answer.headers["x-joined-request-id"]
    assert charges(server, key) == ["0.000225"]


def is_noted(server: Server) -> bool:
    """Whether a call is known to run without its caller."""
    with redis.Redis.from_url(EmbeddedValkey(Path(server.environ["WEIGHBRIDGE_DATA_DIR"])).url) as store:
        return any(store.scan_iter("rl:{left-*}:r"))


def ask(connection: http.client.HTTPConnection, key: str, attempt: int, *, streamed: bool) -> None:
    """Send an attempt at a chat, without waiting for the answer."""
    body = json.dumps({"model": "cipher", "messages": MESSAGES, "stream": streamed})
    headers = {"X-API-Key": key, "Content-Type": "application/json", "X-Stainless-Retry-Count": str(attempt)}
    connection.request("POST", CHAT, body, headers)
