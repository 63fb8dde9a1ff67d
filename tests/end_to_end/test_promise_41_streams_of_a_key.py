"""Promise 41: one key cannot take all concurrent streams.

At full size: GATEWAY_TEST_IDLE_STREAMS=1000.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.raw_streams import answered, read_until, stream_opened
from tests.end_to_end.server import Server, running
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, Stall, fake_upstream, said
from tests.promises.figure import Figure

IDLE = int(os.environ.get("GATEWAY_TEST_IDLE_STREAMS", "60"))
AT_ONCE = IDLE // 10


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    """Its streams begin, and then stand still."""
    with fake_upstream() as running_upstream:
        running_upstream.answer = lambda _: Script([*said("Hello"), Stall(), FINISH, DONE])
        yield running_upstream


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[Server]:
    """Two workers, whose keys have a tenth of the streams that are tried."""
    folder: Path = tmp_path_factory.mktemp("idle")
    settings = {
        **SETTINGS,
        "PRELOAD_VOCABULARIES": "false",
        "UPSTREAM_URL": upstream.url,
        "UPSTREAM_VOCABULARY": "cl100k_base",
        "GATEWAY_CALLS_AT_ONCE": str(AT_ONCE),
        "GATEWAY_DRAIN_SECONDS": "0",
        "SHUTDOWN_TIMEOUT_SECONDS": "3",
        "LOG_LEVEL": "warning",
    }
    with running(folder / "data", settings, "--workers", "2") as started:
        yield started


def test_promise_41_a_thousand_idle_streams(server: Server, figure: Figure) -> None:
    """Of very many idle streams of one key only its number are opened, the others get 429 with Retry-After; another
    key's is opened meanwhile; and when the callers hang up, the places are free again."""
    other = server.new_key("other")
    with ExitStack() as opened:
        connections = [opened.enter_context(stream_opened(server.port, server.demo_key)) for _ in range(IDLE)]
        heads = [read_until(connection, b"\r\n\r\n") for connection in connections]
        refused = [head for head in heads if head.startswith(b"HTTP/1.1 429 ")]
        assert sum(head.startswith(b"HTTP/1.1 200 ") for head in heads) == AT_ONCE
        assert len(refused) == IDLE - AT_ONCE
        assert all(b"\r\nretry-after: 1\r\n" in head.lower() for head in refused)
        assert answered(server.port, other, until=b"Hello").startswith(b"HTTP/1.1 200 ")
    tries = 1
    while not answered(server.port, server.demo_key, until=b"\r\n\r\n").startswith(b"HTTP/1.1 200 "):
        tries += 1
        assert tries < 500, "no place became free"
    figure(f"{IDLE} streams on one key: {AT_ONCE} opened, {len(refused)} told 429")
