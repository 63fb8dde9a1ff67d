"""One server for the tests that only call it, with the limits that the hostile inputs are written for."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.server import Server, running
from tests.promises.figure import Figure as Figure

SETTINGS = {
    "MAX_BODY_BYTES": "1000000",
    "MAX_TEXT_CHARACTERS": "900000",
    "MAX_EXPANDED_BYTES": "4000000",
    "BODY_TIMEOUT_SECONDS": "1",
    "HEAD_TIMEOUT_SECONDS": "2",
    "RATE_LIMIT_PER_SECOND": "100000",
    "QUOTA_PER_MONTH": "1000000",
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers whose rate limit is out of the way."""
    folder: Path = tmp_path_factory.mktemp("served")
    with running(folder / "data", SETTINGS, "--workers", "2") as started:
        yield started


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx2.Client]:
    """A client of that server that holds its demo key."""
    with httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}, timeout=30) as made:
        yield made


@pytest.fixture(scope="session")
def session_token(server: Server) -> str:
    """A session of a console user of that server."""
    return server.new_session("ada@example.org")
