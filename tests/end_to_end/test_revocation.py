"""A revocation takes effect within 5 s in every process, whether it is notified or not."""

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
import redis

from service.storage.embedded_valkey import EmbeddedValkey
from tests.end_to_end.commands import weighbridge
from tests.end_to_end.raw_streams import read_all, read_until, stream_opened
from tests.end_to_end.server import Server, running
from tests.end_to_end.worker_connections import worker_connections
from tests.eventually import eventually
from tests.fake_upstream import FakeUpstream, Script, Stall, fake_upstream, plain, said
from tests.promises.figure import Figure

pytestmark = pytest.mark.promise(17)

WORKERS = 4 if "PROMISES_TIMED" in os.environ else 2
MAX_SECONDS = 5.0
# What a worker remembers of a key, and then the pause to the next checkpoint; twice that on a busy machine.
MAX_SECONDS_OF_A_STREAM = 12.0


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    """Where streams come from."""
    with fake_upstream() as running_upstream:
        yield running_upstream


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[Server]:
    """Several workers whose rate limit is out of the way."""
    settings = {
        "RATE_LIMIT_PER_SECOND": "100000",
        "QUOTA_PER_MONTH": "100000000",
        "UPSTREAM_URL": upstream.url,
        "UPSTREAM_VOCABULARY": "cl100k_base",
    }
    with running(tmp_path_factory.mktemp("revoked") / "data", settings, "--workers", str(WORKERS)) as started:
        yield started


@pytest.mark.parametrize("word", ["told", "not told", "cut off"])
def test_every_process_refuses_a_revoked_key(server: Server, word: str, figure: Figure) -> None:
    """Every worker with the key in its cache refuses it within 5 s: notified, not notified, or cut off."""
    key = server.new_key("revoked")
    # The command finds the counters by the settings: with a wrong address it cannot notify workers.
    elsewhere = {"REDIS_URL": "redis://127.0.0.1:1/0"} if word == "not told" else {}
    with ExitStack() as stack:
        by_worker = worker_connections(server, WORKERS, stack)
        assert {status(each, key) for each in by_worker.values()} == {200}
        if word == "cut off":
            stack.enter_context(no_word_passes(server))
        revoked = Revoked(server, key, elsewhere)
        while {status(each, key) for each in by_worker.values()} != {401}:
            assert revoked.seconds_ago() < MAX_SECONDS
        seconds = revoked.seconds_ago()
    figure(f"{word}: {seconds:.1f} s in {len(by_worker)} workers")


@pytest.mark.parametrize("word", ["told", "not told"])
def test_a_stream_under_way_is_cut(server: Server, upstream: FakeUpstream, word: str, figure: Figure) -> None:
    """A stream whose key is revoked ends at its next checkpoint with an error event, charged for what was delivered."""
    key = server.new_key("revoked in a stream")
    elsewhere = {"REDIS_URL": "redis://127.0.0.1:1/0"} if word == "not told" else {}
    upstream.answer = lambda _: Script([*said("Hello"), Stall()])
    with stream_opened(server.port, key) as stream:
        read_until(stream, b"Hello")
        revoked = Revoked(server, key, elsewhere)
        received = read_all(stream)
        seconds = revoked.seconds_ago()
        revoked.join()
    problem = json.loads(received.partition(b'data: {"error":')[2].partition(b"}\n\n")[0])
    assert (problem["code"], problem["billing"]["tokens_output"]) == ("invalid_api_key", 1)
    assert problem["billing"]["estimated"]
    assert b"[DONE]" not in received
    assert seconds < MAX_SECONDS_OF_A_STREAM
    figure(f"a stream under way, {word}: cut after {seconds:.1f} s, and charged")


def test_a_plain_call_under_way_is_finished(server: Server, upstream: FakeUpstream) -> None:
    """A plain call that began before its key was revoked gets its answer; the next call is refused."""
    key, stall = server.new_key("revoked in a call"), Stall()
    upstream.answer = lambda _: Script([b" ", stall, *plain("Hello").pieces], content_type="application/json")
    upstream.seen.clear()
    with ExitStack() as stack:
        by_worker = worker_connections(server, WORKERS, stack)
        call = stack.enter_context(stream_opened(server.port, key, stream=False))
        eventually(lambda: upstream.seen, within=30)
        Revoked(server, key, {}).join()
        eventually(lambda: {status(each, key) for each in by_worker.values()} == {401}, within=30)
        stall.go()
        received = read_all(call)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"x-request-cost-inr: 0.002250" in received


def status(connection: http.client.HTTPConnection, key: str) -> int:
    """Of a call with the key."""
    connection.request("GET", "/v1/tokens/authors", headers={"X-Api-Key": key})
    answer = connection.getresponse()
    answer.read()
    return answer.status


@contextmanager
def no_word_passes(server: Server) -> Iterator[None]:
    """Cut every connection that subscribes to changed keys, as soon as it is made."""
    over = threading.Event()

    def cut() -> None:
        with redis.Redis.from_url(EmbeddedValkey(Path(server.environ["WEIGHBRIDGE_DATA_DIR"])).url) as store:
            while not over.wait(0.01):
                store.client_kill_filter(_type="pubsub")

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        yield
    finally:
        over.set()
        cutter.join()


class Revoked(threading.Thread):
    """The command that revokes a key, beside the calls: connections without one would be closed."""

    def __init__(self, server: Server, key: str, elsewhere: dict[str, str]) -> None:
        super().__init__()
        self.work = partial(weighbridge, server, "keys", "revoke", key, **elsewhere)
        self.ended_at_seconds = float("inf")
        self.start()

    def run(self) -> None:
        """Revoke the key by the command line."""
        self.work()
        self.ended_at_seconds = time.monotonic()

    def seconds_ago(self) -> float:
        """Since the command ended; 0 before."""
        return max(time.monotonic() - self.ended_at_seconds, 0.0)
