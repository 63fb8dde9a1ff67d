"""Promise 46: an account's queued counts hold up no other account, and end with their callers."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2
import pytest

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.numbers import number
from tests.end_to_end.server import Server, running
from tests.end_to_end.test_promises_33_34_37_load import prose
from tests.eventually import eventually
from tests.promises.figure import Figure

pytestmark = pytest.mark.promise(46)

CALLERS = 30
VOCABULARIES_OF_A_COUNT = "o200k_base"
COUNTS, IN_FLIGHT = "weighbridge_counts_total", "weighbridge_bytes_in_flight"
# What may be running when the callers go, and what had its turn before they had all gone.
MAX_RUNNING = 2
WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker: all callers share its threads."""
    settings = {**SETTINGS, "MAX_BYTES_IN_FLIGHT": "400000000", "PRELOAD_VOCABULARIES": "true"}
    with running(tmp_path_factory.mktemp("turns") / "data", settings) as started:
        yield started


def test_promise_46_counts_of_callers_who_hang_up_hold_up_no_other_account(server: Server, figure: Figure) -> None:
    """Thirty large counts of one key, whose callers hang up; then another account's is answered after those running."""
    other = server.new_key("other")
    before = counted(server)
    with many_callers(server, large_count(server, "gone")):
        pass
    begun = counted(server) - before
    assert count(server, other, large_count(server, "other")).status_code == 200
    eventually(lambda: number(server, IN_FLIGHT) == 0, within=WITHIN_SECONDS)
    for_nobody = counted(server) - before - begun - 1
    figure(f"of {CALLERS} large counts whose callers hung up {for_nobody:.0f} were counted before another account's")
    assert for_nobody <= MAX_RUNNING


def test_promise_46_accounts_visitors_and_chats_take_turns(server: Server, figure: Figure) -> None:
    """While thirty large counts of one key wait, another account, a visitor and a chat are answered among the first."""
    other, chatting = server.new_key("other"), server.new_key("chatting")
    text = prose("chat")
    with many_callers(server, large_count(server, "turns")), httpx2.Client(base_url=server.url, timeout=60) as visitor:
        before = counted(server)
        assert count(server, other, large_count(server, "other")).status_code == 200
        visitor.get("/").raise_for_status()
        form = {"input": text[:90_000], "author": "*"}
        page = visitor.post("/playground", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        chat = {"model": "cipher", "messages": [{"role": "user", "content": text}]}
        headers = {"Authorization": f"Bearer {chatting}"}
        answer = visitor.post("/v1/chat/completions", json=chat, headers=headers)
        meanwhile = counted(server) - before
    # There is no upstream: the prompt was counted, and the call held, before that is found.
    assert (page.status_code, answer.status_code) == (200, 502)
    eventually(lambda: number(server, IN_FLIGHT) == 0, within=WITHIN_SECONDS)
    figure(f"a count, a visitor and a chat answered while {meanwhile:.0f} of {CALLERS} large counts were done")
    assert meanwhile <= CALLERS / 2


@contextmanager
def many_callers(server: Server, body: bytes) -> Iterator[None]:
    """Connections that ask for as many counts, all of which are in the server; in the end they hang up."""
    before = counted(server)
    with ExitStack() as callers:
        for _ in range(CALLERS):
            callers.enter_context(calling(server, body))
        # All bodies have been read, but for those of which so many counts are done already.
        eventually(
            lambda: number(server, IN_FLIGHT) + (counted(server) - before) * len(body) >= CALLERS * len(body),
            within=WITHIN_SECONDS,
        )
        yield


def large_count(server: Server, seed: str) -> bytes:
    """A count that takes about a second."""
    models = [model["name"] for model in get(server, "/v1/tokens/models") if model["author"] in ("OpenAI", "Meta")]
    return json.dumps({"input": prose(seed), "type": "text", "models": models}).encode()


def count(server: Server, key: str, body: bytes) -> httpx2.Response:
    """One count."""
    headers = {"X-Api-Key": key, "Content-Type": "application/json"}
    return httpx2.post(f"{server.url}/v1/tokens/count", content=body, headers=headers, timeout=WITHIN_SECONDS)


def calling(server: Server, body: bytes) -> socket.socket:
    """A connection on which a count was asked for; to close it is to hang up."""
    head = (
        f"POST /v1/tokens/count HTTP/1.1\r\nHost: weighbridge\r\nX-Api-Key: {server.demo_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(head.encode() + body)
    return connection


def counted(server: Server) -> float:
    """How many texts were counted with a vocabulary that each count here has."""
    lines = httpx2.get(f"{server.url}/metrics", timeout=60).text.splitlines()
    found = [line for line in lines if line.startswith(f'{COUNTS}{{vocabulary="{VOCABULARIES_OF_A_COUNT}"')]
    return float(found[0].rpartition(" ")[2]) if found else 0


def get(server: Server, path: str) -> list[dict[str, str]]:
    """A list of the API."""
    answer = httpx2.get(f"{server.url}{path}", headers={"X-Api-Key": server.demo_key})
    listed: list[dict[str, str]] = answer.raise_for_status().json()
    return listed
