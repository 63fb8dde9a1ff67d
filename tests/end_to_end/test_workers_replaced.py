"""A worker that ends is replaced as soon as the machine allows it, and the others serve meanwhile."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.processes import workers
from tests.end_to_end.server import Server, running
from tests.eventually import eventually

WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers."""
    with running(tmp_path_factory.mktemp("replaced") / "data", {**SETTINGS, "WORKERS": "2"}) as started:
        eventually(lambda: len(serving(started)) == 2, within=WITHIN_SECONDS)
        yield started


# Without any, the parent cannot even make a worker; with few, a worker begins and cannot go on.
@pytest.mark.parametrize("descriptors", [0, 1, 2, 3])
def test_a_worker_that_cannot_be_replaced_yet_is_replaced_later(server: Server, descriptors: int) -> None:
    """The service neither ends nor stays short of a worker because one could not be had for a while."""
    with spare_descriptors(server, descriptors):
        lost, left = workers(server.process.pid)
        os.kill(lost, signal.SIGKILL)
        server.wait_for("worker_not_started|exited with code|was sent SIGABRT")
        server.wait_for("worker_not_started|exited with code|was sent SIGABRT")
        assert httpx2.get(f"{server.url}/health", timeout=30).status_code == 200
    assert server.process.poll() is None
    eventually(lambda: len(serving(server)) == 2, within=WITHIN_SECONDS)
    assert left in serving(server)


def serving(server: Server) -> set[int]:
    """The workers that answer."""
    for _ in range(20):
        httpx2.get(f"{server.url}/health", timeout=30)
    return {worker for worker in workers(server.process.pid) if is_serving(worker)}


def is_serving(worker: int) -> bool:
    """Whether a worker waits for connections: then it has an event loop."""
    try:
        return any("eventpoll" in str(link.readlink()) for link in Path(f"/proc/{worker}/fd").iterdir())
    except OSError:
        return False


@contextmanager
def spare_descriptors(server: Server, number: int) -> Iterator[None]:
    """For the time of the block the parent, and the workers that it makes, may open so many more files."""
    parent = server.process.pid
    limits = resource.prlimit(parent, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{parent}/fd").iterdir()))
    resource.prlimit(parent, resource.RLIMIT_NOFILE, (used + number, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(parent, resource.RLIMIT_NOFILE, limits)
