"""A network between limiter and store that delays, resets and drops replies, or cuts them short."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.limits import Allowance, Decision
from tests.eventually import eventually_async
from tests.fault_proxy import FaultProxy
from tests.service.limits.limiters import limiter_on
from tests.service.limits.test_outage import admitted, booked, recovered
from tests.service.store_process import StoreProcess

pytestmark = pytest.mark.anyio

MANY = Allowance(calls_per_second=100_000, calls_per_month=10**9)
IMPATIENT_SECONDS = 0.1
REPLY_TO_SCRIPT_LOAD_BYTES = len(b"$40\r\n") + 40 + len(b"\r\n")


@pytest.fixture
async def proxy(own_store: StoreProcess) -> AsyncIterator[FaultProxy]:
    """Yield a proxy in front of the test's own store."""
    async with FaultProxy(lambda: asyncio.open_unix_connection(own_store.socket_path)) as network:
        yield network


def url(proxy: FaultProxy) -> str:
    """Return the store's URL through the proxy."""
    return f"redis://127.0.0.1:{proxy.port}"


async def test_slow_network_stays_shared(proxy: FaultProxy, own_store: StoreProcess) -> None:
    """Late replies within the time limit are awaited and used."""
    async with limiter_on(url(proxy)) as limiter:
        proxy.delay_seconds = 0.02
        answers = await asyncio.gather(*(limiter.hit("a", MANY) for _ in range(20)))
        assert limiter.shared
        assert all(isinstance(answer, Decision) and answer.quota_remaining is not None for answer in answers)
    assert booked(own_store, "a") == 20


@pytest.mark.parametrize(("policy", "without_store"), [("local", 500), ("open", 500), ("closed", 0)])
async def test_black_hole_is_left_alone_after_one_call(
    proxy: FaultProxy, own_store: StoreProcess, policy: str, without_store: int
) -> None:
    """When all replies are dropped, only the first call waits; afterwards every call is booked."""
    async with limiter_on(
        url(proxy), policy=policy, timeout_seconds=IMPATIENT_SECONDS, retry_after_seconds=3600
    ) as limiter:
        assert await admitted(limiter, "a", 3) == 3
        proxy.swallow = True
        async with asyncio.timeout(2):
            assert await admitted(limiter, "a", 500) == without_store
        assert proxy.connections == 1
        proxy.heal()
    assert booked(own_store, "a") == 3 + without_store


async def test_reset_connection_loses_nothing(proxy: FaultProxy, own_store: StoreProcess) -> None:
    """Connections that are reset between and under calls cost no call and count none twice."""
    async with limiter_on(url(proxy)) as limiter:
        callers = [asyncio.create_task(admitted(limiter, f"account-{n}", 100)) for n in range(5)]
        for _ in range(10):
            proxy.reset()
            await asyncio.sleep(0.01)
        assert await asyncio.gather(*callers) == [100] * 5
        await recovered(limiter)
    assert [booked(own_store, f"account-{n}") for n in range(5)] == [100] * 5


@pytest.mark.parametrize("reply_bytes", [0, 1, 7, 40, 200])
async def test_lost_reply_is_not_counted_twice(proxy: FaultProxy, own_store: StoreProcess, reply_bytes: int) -> None:
    """Calls that the store carried out but whose reply was cut off are counted once, not again when booked."""
    async with limiter_on(url(proxy)) as limiter:
        assert await admitted(limiter, "a", 2) == 2
        proxy.reply_bytes = reply_bytes
        counts = await asyncio.gather(*(admitted(limiter, "a", 1) for _ in range(9)))
        assert sum(counts) == 9
        proxy.heal()
        await recovered(limiter)
    assert booked(own_store, "a") == 11


async def test_lost_reply_under_closed_policy_is_not_charged(proxy: FaultProxy, own_store: StoreProcess) -> None:
    """A call that was answered 503 is subtracted again if the store had counted it."""
    async with limiter_on(url(proxy), policy="closed") as limiter:
        assert await admitted(limiter, "a", 2) == 2
        proxy.reply_bytes = 0
        assert await admitted(limiter, "a", 1) == 0
        proxy.heal()
        await recovered(limiter)
    assert booked(own_store, "a") == 2


async def test_lost_reply_to_a_booking_books_once(proxy: FaultProxy, own_store: StoreProcess) -> None:
    """If the reply to the booking itself is lost repeatedly, the calls are still booked once."""
    async with limiter_on(url(proxy), retry_after_seconds=0.02) as limiter:
        assert await admitted(limiter, "a", 2) == 2
        proxy.reply_bytes = 0
        assert await admitted(limiter, "a", 5) == 5
        for _ in range(3):
            proxy.reply_bytes = REPLY_TO_SCRIPT_LOAD_BYTES + 1
            await eventually_async(lambda: not proxy.reply_bytes, within=5)
        proxy.heal()
        await recovered(limiter)
    assert booked(own_store, "a") == 7


async def test_start_without_a_store(own_store: StoreProcess, proxy: FaultProxy) -> None:
    """A service that starts before its store admits calls, and shares limits once the store is reachable."""
    proxy.refuse = True
    async with limiter_on(url(proxy)) as limiter:
        assert await admitted(limiter, "a", 3) == 3
        assert not limiter.shared
        proxy.heal()
        await recovered(limiter)
    assert booked(own_store, "a") == 3
