"""Promise 17: a revocation takes effect within 5 s in every process, with and without word of it."""

import time
from contextlib import ExitStack

import httpx2
import pytest

from tests.end_to_end.commands import weighbridge
from tests.end_to_end.conftest import Figure
from tests.end_to_end.server import Server

pytestmark = pytest.mark.promise(17)

CONNECTIONS = 24


@pytest.mark.parametrize("heard", [True, False], ids=["told", "not told"])
def test_promise_17_every_process_refuses_a_revoked_key(server: Server, heard: bool, figure: Figure) -> None:
    """Connections to all workers, each of which knew the key, refuse it within 5 s, also if no word of it comes."""
    key = server.new_key("revoked")
    with ExitStack() as open_clients:
        clients = [
            open_clients.enter_context(httpx2.Client(base_url=server.url, headers={"X-Api-Key": key}))
            for _ in range(CONNECTIONS)
        ]
        assert {client.get("/v1/tokens/authors").status_code for client in clients} == {200}
        # The command looks for the counters in the settings: where they are not, it cannot tell anybody.
        elsewhere = {} if heard else {"REDIS_URL": "redis://127.0.0.1:1/0"}
        weighbridge(server, "keys", "revoke", key, **elsewhere)
        began = time.monotonic()
        while (seconds := time.monotonic() - began) < 5:
            if {client.get("/v1/tokens/authors").status_code for client in clients} == {401}:
                break
    assert seconds < 5
    figure(f"{'told' if heard else 'not told'}: {seconds:.1f} s")
