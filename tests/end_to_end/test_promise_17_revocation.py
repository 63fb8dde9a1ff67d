"""Promise 17: a revocation takes effect within 5 s in every process, with and without word of it."""

import http.client
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
import redis

from service.stores.valkey import EmbeddedValkey
from tests.end_to_end.commands import weighbridge
from tests.end_to_end.raw_streams import read_all, read_until, stream_opened
from tests.end_to_end.server import Server, running
from tests.end_to_end.worker_connections import worker_connections
from tests.eventually import eventually
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, Stall, chunk, fake_upstream, said, usage_chunk
from tests.promises.figure import Figure

pytestmark = pytest.mark.promise(17)

WORKERS = 4 if "PROMISES_TIMED" in os.environ else 2
MOST_SECONDS = 5.0


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
def test_promise_17_every_process_refuses_a_revoked_key(server: Server, word: str, figure: Figure) -> None:
    """Every worker, each of which knew the key, refuses it within 5 s: told of it, not told, or unable to hear."""
    key = server.new_key("revoked")
    # The command looks for the counters in the settings: where they are not, it cannot tell anybody.
    elsewhere = {"REDIS_URL": "redis://127.0.0.1:1/0"} if word == "not told" else {}
    with ExitStack() as stack:
        by_worker = worker_connections(server, WORKERS, stack)
        assert {status(each, key) for each in by_worker.values()} == {200}
        if word == "cut off":
            stack.enter_context(no_word_passes(server))
        revoked = Revoked(server, key, elsewhere)
        while {status(each, key) for each in by_worker.values()} != {401}:
            assert revoked.seconds_ago() < MOST_SECONDS
        seconds = revoked.seconds_ago()
    figure(f"{word}: {seconds:.1f} s in {len(by_worker)} workers")


def test_promise_17_a_stream_under_way_is_finished(server: Server, upstream: FakeUpstream, figure: Figure) -> None:
    """A stream that began before its key was revoked comes to its end and is charged; the next call is refused."""
    key, stall = server.new_key("revoked in a stream"), Stall()
    rest = [chunk({"content": " world"}), FINISH, usage_chunk(11, 22), DONE]
    upstream.answer = lambda _: Script([*said("Hello"), stall, *rest])
    with ExitStack() as stack:
        by_worker = worker_connections(server, WORKERS, stack)
        stream = stack.enter_context(stream_opened(server.port, key))
        read_until(stream, b"Hello")
        revoked = Revoked(server, key, {})
        eventually(lambda: {status(each, key) for each in by_worker.values()} == {401}, within=30)
        stall.go()
        revoked.join()
        received = read_all(stream)
    assert b" world" in received
    assert b"data: [DONE]" in received
    assert b'"request_cost_inr":"0.002475"' in received.replace(b" ", b"")
    figure("a stream under way: finished and charged")


def status(connection: http.client.HTTPConnection, key: str) -> int:
    """Of a call with the key."""
    connection.request("GET", "/v1/tokens/authors", headers={"X-Api-Key": key})
    answer = connection.getresponse()
    answer.read()
    return answer.status


@contextmanager
def no_word_passes(server: Server) -> Iterator[None]:
    """Every connection that hears of changed keys is cut, as soon as it is made."""
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
        """Revoke it."""
        self.work()
        self.ended_at_seconds = time.monotonic()

    def seconds_ago(self) -> float:
        """Since the command ended; 0 before."""
        return max(time.monotonic() - self.ended_at_seconds, 0.0)
