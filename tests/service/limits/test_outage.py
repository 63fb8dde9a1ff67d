"""The store is frozen, killed or refuses writes, under each policy; afterwards every call is booked."""

import asyncio
import time

import pytest
import redis

from service.limits import Allowance, Decision, Limiter, Unavailable
from service.limits.fallback import StoreClock
from service.limits.outage import UnsyncedUsage
from service.limits.store import UsageBooking
from tests.eventually import eventually_async
from tests.service.limits.limiters import limiter_on
from tests.service.limits.oracle import instant
from tests.service.limits.script import keys
from tests.service.store_process import StoreProcess

pytestmark = pytest.mark.anyio

MANY = Allowance(calls_per_second=100_000, calls_per_month=10**9)
IMPATIENT_SECONDS = 0.1


async def recovered(limiter: Limiter) -> None:
    """Wait until limits are shared again, and a call has been decided after that."""
    await eventually_async(lambda: limiter.shared, within=10)
    async with asyncio.timeout(10):
        await limiter.peek("nobody", MANY)


def booked(store: StoreProcess, account_id: str) -> int:
    """Return the month's count in the store."""
    with store.client() as client:
        return int(client.hget(keys(account_id)[1], "n") or 0)


async def admitted(limiter: Limiter, account_id: str, calls: int, allowance: Allowance = MANY) -> int:
    """Return how many of some calls, made one after the other, were admitted."""
    answers = [await limiter.hit(account_id, allowance) for _ in range(calls)]
    return sum(isinstance(answer, Decision) and answer.admitted for answer in answers)


@pytest.mark.parametrize("policy", ["local", "open", "closed"])
async def test_frozen_store_holds_nobody_up_and_refuses_nobody(own_store: StoreProcess, policy: str) -> None:
    """While the store does not answer, 99 of 100 calls take under 250 ms and none is refused by a limit."""
    async with limiter_on(own_store.url, policy=policy, timeout_seconds=IMPATIENT_SECONDS) as limiter:
        await limiter.hit("a", MANY)
        own_store.freeze()
        seconds, answers = [], []
        for _ in range(200):
            began = time.perf_counter()
            answers.append(await limiter.hit("a", MANY))
            seconds.append(time.perf_counter() - began)
        own_store.thaw()
    assert sorted(seconds)[197] < 0.25
    if policy == "closed":
        assert set(answers) == {Unavailable(retry_after_seconds=1)}
    else:
        assert all(isinstance(answer, Decision) and answer.refused_by is None for answer in answers)


async def test_an_outage_lasts_while_writes_are_refused(own_store: StoreProcess) -> None:
    """A store that answers but refuses writes is still out: no call asks it until it accepts writes."""
    async with limiter_on(own_store.url, policy="closed") as limiter:
        with own_store.client() as client:
            client.config_set("min-replicas-to-write", 1)
            await limiter.hit("a", MANY)
            await eventually_async(lambda: rejected_writes(client) > 3 or limiter.shared, within=10)
            assert not limiter.shared
            client.config_set("min-replicas-to-write", 0)
        await recovered(limiter)


def rejected_writes(client: redis.Redis) -> int:
    """Return the number of plain writes that the store has refused."""
    return int(client.info("commandstats").get("cmdstat_set", {}).get("rejected_calls", 0))


@pytest.mark.parametrize(("policy", "without_store"), [("local", 7), ("open", 7), ("closed", 0)])
async def test_calls_during_a_freeze_are_booked_once(own_store: StoreProcess, policy: str, without_store: int) -> None:
    """After a freeze the count is that of the admitted calls, including those without a reply, each once."""
    async with limiter_on(own_store.url, policy=policy, timeout_seconds=IMPATIENT_SECONDS) as limiter:
        assert await admitted(limiter, "a", 3) == 3
        own_store.freeze()
        assert await admitted(limiter, "a", 7) == without_store
        own_store.thaw()
        await recovered(limiter)
        assert booked(own_store, "a") == 3 + without_store
        assert await admitted(limiter, "a", 5) == 5
        assert booked(own_store, "a") == 8 + without_store


async def test_killed_store_loses_no_admitted_call(own_store: StoreProcess) -> None:
    """A store that is killed under load and restarted holds every admitted call, once."""
    async with limiter_on(own_store.url, timeout_seconds=IMPATIENT_SECONDS) as limiter:
        callers = [asyncio.create_task(admitted(limiter, f"account-{n}", 400)) for n in range(8)]
        await eventually_async(lambda: booked(own_store, "account-0") >= 50, within=60)
        own_store.kill()
        counts = await asyncio.gather(*callers)
        # One more each: on a slow machine the others may all have been through before the kill.
        counts = [count + await admitted(limiter, f"account-{n}", 1) for n, count in enumerate(counts)]
        assert not limiter.shared
        await recovered(limiter)
        assert counts == [401] * 8
        assert [booked(own_store, f"account-{n}") for n in range(8)] == counts


async def test_stopped_store_comes_back_shared(own_store: StoreProcess) -> None:
    """Without the store limits hold in the process; when it returns they are shared, and the calls are booked."""
    async with limiter_on(own_store.url) as limiter, limiter_on(own_store.url) as other:
        own_store.stop()
        decisions = [await limiter.hit("a", Allowance(2, 5000)) for _ in range(3)]
        assert [isinstance(d, Decision) and (d.admitted, d.rate_remaining) for d in decisions] == [
            (True, 1),
            (True, 0),
            (False, 0),
        ]
        own_store.start()
        await recovered(limiter)
        with own_store.client() as client:
            before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
            await limiter.peek("a", MANY)
            assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1
        answer = await other.hit("a", Allowance(10, 5000))
        assert isinstance(answer, Decision)
        assert answer.quota_remaining == 5000 - 3


async def test_debts_of_many_accounts_are_booked(own_store: StoreProcess) -> None:
    """Calls of hundreds of accounts without the store are all booked, also while calls continue."""
    async with limiter_on(own_store.url) as limiter:
        own_store.stop()
        for _ in range(2):
            for n in range(700):
                assert await admitted(limiter, f"account-{n}", 1) == 1
        own_store.start()
        meanwhile = 0
        async with asyncio.timeout(60):
            while not limiter.shared:
                meanwhile += await admitted(limiter, "account-0", 1)
                await asyncio.sleep(0)
        await recovered(limiter)
        assert booked(own_store, "account-0") == 2 + meanwhile
        assert {booked(own_store, f"account-{n}") for n in range(1, 700)} == {2}


async def test_limiter_that_closes_books_what_it_owes(own_store: StoreProcess) -> None:
    """Calls admitted without the store are booked when the limiter closes and the store has returned."""
    async with limiter_on(own_store.url, retry_after_seconds=3600) as limiter:
        own_store.stop()
        assert await admitted(limiter, "a", 4) == 4
        own_store.start()
    assert booked(own_store, "a") == 4


async def test_limiter_closes_though_the_store_is_gone(own_store: StoreProcess) -> None:
    """Without a store the limiter still closes, and reports how many calls were not booked."""
    async with limiter_on(own_store.url) as limiter:
        own_store.stop()
        assert await admitted(limiter, "a", 4) == 4


async def test_look_during_an_outage_costs_nothing(own_store: StoreProcess) -> None:
    """Peeks without the store change neither the process's limit nor the count afterwards."""
    async with limiter_on(own_store.url) as limiter:
        own_store.stop()
        for _ in range(20):
            look = await limiter.peek("a", Allowance(10, 5000))
            assert isinstance(look, Decision)
            assert look.rate_remaining == 10
        own_store.start()
        await recovered(limiter)
        assert booked(own_store, "a") == 0


@pytest.mark.parametrize(
    ("setting", "harmful", "harmless"),
    [("min-replicas-to-write", "1", "0"), ("maxmemory", "1", "0")],
)
async def test_store_that_refuses_to_write_is_no_refusal(
    own_store: StoreProcess, setting: str, harmful: str, harmless: str
) -> None:
    """A store that answers but refuses writes (too few replicas, memory full) is treated as unreachable."""
    async with limiter_on(own_store.url) as limiter:
        assert await admitted(limiter, "a", 2) == 2
        with redis.Redis.from_url(own_store.url) as client:
            client.config_set(setting, harmful)
            assert await admitted(limiter, "a", 5) == 5
            assert not limiter.shared
            client.config_set(setting, harmless)
        await recovered(limiter)
        assert booked(own_store, "a") == 7


def test_a_booking_stays_as_it_was_until_it_is_booked() -> None:
    """A booking that is sent again has the same number and calls; later calls go into another booking."""
    usage = UnsyncedUsage()
    usage.lose_reply(["a"], usage.next_batch(), 202611)
    usage.add("a", 202611)
    usage.add("a", 202611)
    first = usage.due()
    assert first == (UsageBooking("a", batch=2, calls=2, month=202611, lost_batch=1),)
    usage.add("a", 202611)
    assert usage.due() == (*first, UsageBooking("a", batch=3, calls=1, month=202611, lost_batch=0))
    assert usage.calls == 3
    usage.booked(first)
    assert [booking.calls for booking in usage.due()] == [1]


def test_unsynced_usage_of_a_month_that_is_over_is_dropped() -> None:
    """An outage across the 1st does not charge calls of the old month to the new one."""
    usage = UnsyncedUsage()
    for _ in range(5000):
        usage.add("a", 202611)
    usage.add("a", 202612)
    (booking,) = usage.due()
    assert (booking.calls, booking.month) == (1, 202612)


def test_clock_follows_the_store_not_the_host() -> None:
    """A host whose clock is a year slow knows the store's month after one reply, and advances it."""
    monotonic = [5_000_000_000]
    clock = StoreClock(lambda: monotonic[0], lambda: instant(2025, 12, 1) * 1000)
    assert clock.month() == 202512
    clock.follow(instant(2026, 11, 30, 23, 59, 59))
    assert clock.month() == 202611
    monotonic[0] += 999_999_000
    assert clock.month() == 202611
    monotonic[0] += 1000
    assert (clock.month(), clock.now_microseconds()) == (202612, instant(2026, 12, 1))
