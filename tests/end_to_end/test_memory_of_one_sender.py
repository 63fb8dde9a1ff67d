"""One sender gets its share of a worker's memory, and others are answered."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import httpx2
import pytest
from click.testing import CliRunner

from service.cli.main import main
from tests.end_to_end.numbers import number as number_of
from tests.end_to_end.server import Server, running
from tests.eventually import eventually
from tests.fake_upstream import ROLE, Script, Stall, fake_upstream
from tests.promises.figure import Figure

pytestmark = [pytest.mark.promise(45), pytest.mark.timed]

TIMED = "PROMISES_TIMED" in os.environ
CALLS = int(os.environ.get("SHARE_TEST_CALLS", "75"))
CALLS_PER_SECOND = 50
MAX_SECONDS = 0.25
# What fills the room of a worker: the longest bodies, then ever shorter ones.
BODIES_BYTES = [16_000_000] * 4 + [16_000_000 >> halved for halved in range(1, 11)]
UNSENT_BYTES = 1_000
# After this many seconds without progress the server is assumed to read no more.
SEND_SECONDS = 1
ENCODE_SECONDS, BLOCKED_SECONDS = 20, 0.3
ACCOUNTS = ("idle", "padded", "slow", "other")
IN_FLIGHT = "weighbridge_bytes_in_flight"
FORM = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"
TEXTS = ("A small text.", "A text of some kilobytes. " * 800, "One that is no small body any more. " * 3_000)


@dataclass(frozen=True)
class Scene:
    """A server with default settings, an upstream whose streams stop after their first event, and keys by account."""

    server: Server
    keys: dict[str, str]

    def connection(self, source: str, stack: ExitStack) -> socket.socket:
        """A connection from an address of its own that reads as little as it can, until the stack is closed."""
        made = stack.enter_context(socket.socket())
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(SEND_SECONDS)
        made.bind((source, 0))
        made.connect(("127.0.0.1", self.server.port))
        return made


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One worker, so that all meet in the same room."""
    stall = Stall()
    with fake_upstream() as upstream:
        upstream.answer = lambda body: Script([ROLE, stall])
        settings = {"UPSTREAM_URL": upstream.url, "UPSTREAM_VOCABULARY": "cl100k_base"}
        with running(tmp_path_factory.mktemp("shared") / "data", settings) as server:
            yield Scene(server, {name: new_account(server, name) for name in ACCOUNTS})
            stall.go()


def head(target: str, length: int, *lines: str) -> bytes:
    """Return the head of a POST request."""
    return f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{''.join(lines)}\r\n".encode()


def json_head(target: str, length: int, key: str) -> bytes:
    """The head of a call with a key."""
    return head(target, length, f"X-Api-Key: {key}\r\nContent-Type: application/json\r\n")


Connect = Callable[[], socket.socket]


def idle_readers(scene: Scene, connect: Connect) -> None:
    """Replies that fill the connections' buffers, then long bodies whose replies cannot be sent, then further calls."""
    key = scene.keys["idle"]
    encoded = json.dumps({"input": "\U0001f9ff" * 40_000, "vocabulary": "cl100k_base"}).encode()
    small = json.dumps({"input": "x", "type": "text", "models": ["gpt-4o"]}).encode()
    further = (json_head("/v1/tokens/count", len(small), key) + small) * 29
    for size in [16_000_000] * 8:
        connection = connect()
        connection.settimeout(ENCODE_SECONDS)
        send(connection, json_head("/v1/tokens/encode", len(encoded), key) + encoded)
        connection.recv(1)
        connection.settimeout(BLOCKED_SECONDS)
        send(connection, json_head("/v1/tokens/count", size, key) + small.ljust(size) + further)


def slow_forms(scene: Scene, connect: Connect) -> None:
    """Forms of the playground whose last bytes never come, without a visitor's cookie and with one."""
    page = httpx2.get(scene.server.url)
    cookie = f"Cookie: weighbridge_visitor={page.cookies['weighbridge_visitor']}\r\n"
    for lines in ((FORM,), (FORM, cookie)):
        for size in BODIES_BYTES:
            send(connect(), head("/", size, *lines) + b"input=".ljust(size - UNSENT_BYTES, b"x"))


def padded_streams(scene: Scene, connect: Connect) -> None:
    """Streams that never end, of chats with a long property that is not forwarded."""
    chat = {"model": "cipher", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    for size in BODIES_BYTES:
        body = json.dumps({**chat, "metadata": {"note": "x" * (size - 1_000)}}).encode()
        send(connect(), json_head("/v1/chat/completions", len(body), scene.keys["padded"]) + body)


def slow_bodies(scene: Scene, connect: Connect) -> None:
    """Counts of a valid key whose last bytes never come."""
    for size in BODIES_BYTES:
        send(
            connect(),
            json_head("/v1/tokens/count", size, scene.keys["slow"]) + b'{"input":"'.ljust(size - UNSENT_BYTES, b"x"),
        )


def send(connection: socket.socket, data: bytes) -> None:
    """As much as the server takes: it may stop to read, or close."""
    with contextlib.suppress(OSError):
        connection.sendall(data)


Attack = Callable[[Scene, Connect], None]
ATTACKS: list[Attack] = [idle_readers, slow_forms, padded_streams, slow_bodies]
ALONE: list[list[Attack]] = [[attack] for attack in ATTACKS] if TIMED else []


@pytest.mark.parametrize("attacks", [*ALONE, ATTACKS], ids=lambda attacks: "_and_".join(a.__name__ for a in attacks))
def test_others_are_answered(scene: Scene, attacks: list[Attack], figure: Figure) -> None:
    """Beside senders that hold what they can, each from an address of its own and all in parallel, every call of
    another account is answered with 200: small texts, texts for a thread, and bodies that come after their head."""
    key = scene.keys["other"]
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(attacks)))
        connects = [partial(scene.connection, f"127.0.0.{number}", stack) for number in range(2, 2 + len(attacks))]
        attacking = [pool.submit(attack, scene, connect) for attack, connect in zip(attacks, connects, strict=True)]
        warm_up(scene.server, key)
        calls = paced_calls(scene.server, key)
        for attack in attacking:
            attack.result()
        calls += paced_calls(scene.server, key)
        held = number_of(scene.server, IN_FLIGHT)
    eventually(lambda: number_of(scene.server, IN_FLIGHT) == 0, within=20)
    late = sorted(call.seconds for call in calls)[int(len(calls) * 0.99)]
    figure(f"{len(attacks)} senders held {held / 1e6:.1f} MB, 99 % of {len(calls)} calls in {late * 1000:.0f} ms")
    assert {call.status for call in calls} == {200}
    assert not TIMED or late < MAX_SECONDS


def new_account(server: Server, name: str) -> str:
    """The key of an account that may make all the calls of the test."""
    key = server.new_key(name)
    words = ["accounts", "set", name, "--calls-per-second", "1000"]
    CliRunner().invoke(main, words, env=dict(server.environ), catch_exceptions=False)
    return key


class Answer(NamedTuple):
    """What became of a call."""

    status: int
    seconds: float


def count(client: httpx2.Client, text: str) -> Answer:
    """Make one count and return its status and duration."""
    body = {"input": text, "type": "text", "models": ["gpt-4o", "claude-2.1"]}
    began = time.perf_counter()
    return Answer(client.post("/v1/tokens/count", json=body).status_code, time.perf_counter() - began)


def others(server: Server, key: str) -> httpx2.Client:
    """Calls of the other account, from another address."""
    transport = httpx2.HTTPTransport(local_address="127.0.0.9")
    return httpx2.Client(base_url=server.url, headers={"X-Api-Key": key}, timeout=30, transport=transport)


def warm_up(server: Server, key: str) -> None:
    """Vocabularies are loaded at their first use."""
    with others(server, key) as client:
        for text in TEXTS:
            count(client, text)


def paced_calls(server: Server, key: str) -> list[Answer]:
    """The answers to some calls, of which fifty begin a second."""
    answers = []
    with others(server, key) as client:
        began = time.perf_counter()
        for turn in range(CALLS):
            time.sleep(max(began + turn / CALLS_PER_SECOND - time.perf_counter(), 0))
            answers.append(count(client, TEXTS[(turn % 10 == 9) + (turn % 30 == 29)]))
    return answers
