"""Settings of an operator reach the clients of the stores."""

import asyncio
from pathlib import Path

import pytest

from service.connections import Addresses, Connections
from service.limits import Allowance, Decision, Unavailable
from service.storage.sql.url import DatabaseUrl
from tests.fault_proxy import FaultProxy
from tests.service.storage.databases import PEPPERS
from tests.service.store_process import StoreProcess

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("timeout_seconds", "answer", "fault"), [(30, Decision, None), (0.1, Unavailable, "Redis does not answer.")]
)
async def test_redis_has_the_time_of_the_setting(
    own_store: StoreProcess, tmp_path: Path, timeout_seconds: float, answer: type, fault: str | None
) -> None:
    """An answer of Redis that takes half a second is awaited or not, depending on the time-out setting."""
    async with FaultProxy(lambda: asyncio.open_unix_connection(own_store.socket_path)) as network:
        network.delay_seconds = 0.5
        url = f"redis://127.0.0.1:{network.port}"
        connections = Connections(
            Addresses(url, DatabaseUrl.of_file(tmp_path / "a.db"), PEPPERS),
            limits_without_redis="closed",
            redis_timeout_seconds=timeout_seconds,
        )
        async with connections.open():
            assert isinstance(await connections.limiter.hit("a", Allowance(10, 10)), answer)
            assert (await connections.faults())["counters"] == fault
            network.heal()
