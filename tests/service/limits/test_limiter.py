"""The limiter on a real store that works."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from service.limits import Allowance, Decision, Limiter, LimitOutcome, Unavailable
from service.limits.redis_store import RedisRateLimitStore
from service.limits.store import BrokenRecord, LimitRequest
from tests.service.limits.limiters import limiter_on
from tests.service.limits.script import keys
from tests.service.store_process import StoreProcess

pytestmark = pytest.mark.anyio

TEN = Allowance(calls_per_second=10, calls_per_month=5000)
MANY = Allowance(calls_per_second=100_000, calls_per_month=10**9)


async def hit(limiter: Limiter, account_id: str, allowance: Allowance = TEN) -> Decision:
    """Return the decision on a call; the store must have made it."""
    decision = await limiter.hit(account_id, allowance)
    assert not isinstance(decision, Unavailable)
    return decision


async def test_eleventh_call_is_refused_by_the_rate(store: StoreProcess, account_id: str) -> None:
    """Ten parallel calls are admitted, counting down; the eleventh is refused and costs nothing."""
    async with limiter_on(store.url) as limiter:
        decisions = [await hit(limiter, account_id) for _ in range(11)]
    assert [decision.rate_remaining for decision in decisions] == [*range(9, -1, -1), 0]
    assert [decision.admitted for decision in decisions] == [True] * 10 + [False]
    assert [decision.rate_retry_after_seconds for decision in decisions] == [0] * 9 + [1, 1]
    refused = decisions[-1]
    assert (refused.refused_by, refused.quota_remaining, refused.quota_retry_after_seconds) == ("rate", 4990, 0)


async def test_quota_wins_where_both_refuse(store: StoreProcess, account_id: str) -> None:
    """When rate and quota are both used up, the quota is reported."""
    async with limiter_on(store.url) as limiter:
        await hit(limiter, account_id, Allowance(1, 1))
        refused = await hit(limiter, account_id, Allowance(1, 1))
    assert refused.refused_by == "quota"
    assert refused.retry_after_seconds == refused.quota_retry_after_seconds


async def test_accounts_do_not_share(store: StoreProcess, account_id: str) -> None:
    """Calls of one account do not reduce another's allowance."""
    async with limiter_on(store.url) as limiter:
        for _ in range(10):
            await hit(limiter, account_id)
        assert (await hit(limiter, f"{account_id}-other")).rate_remaining == 9


async def test_peek_changes_nothing(store: StoreProcess, account_id: str, redis_client: Redis) -> None:
    """Peeking any number of times writes no key, and returns what a call would get."""
    async with limiter_on(store.url) as limiter:
        looks = [await limiter.peek(account_id, TEN) for _ in range(20)]
        assert not await redis_client.exists(*keys(account_id))
        assert (await hit(limiter, account_id)).rate_remaining == 9
    assert all(isinstance(look, Decision) and look.rate_remaining == 10 for look in looks)


async def test_refused_calls_cost_nothing(store: StoreProcess, account_id: str, redis_client: Redis) -> None:
    """A thousand refused calls leave the stored keys as they were."""
    async with limiter_on(store.url) as limiter:
        await hit(limiter, account_id, Allowance(1000, 1))
        # On a slow machine the window's key would come to its end meanwhile.
        assert [await redis_client.persist(key) for key in keys(account_id)] == [True, True]
        before = [await redis_client.dump(key) for key in keys(account_id)]
        answers = await asyncio.gather(*(hit(limiter, account_id, Allowance(1000, 1)) for _ in range(1000)))
        assert not any(answer.admitted for answer in answers)
        assert [await redis_client.dump(key) for key in keys(account_id)] == before
        await redis_client.delete(*keys(account_id))


async def test_calls_of_one_turn_share_a_round_trip(store: StoreProcess, account_id: str) -> None:
    """Calls made in one turn of the event loop reach the store together, in one read."""
    async with limiter_on(store.url) as limiter:
        await hit(limiter, account_id, MANY)
        with store.client() as client:
            before = client.info("stats")["total_reads_processed"]
            answers = await asyncio.gather(*(hit(limiter, account_id, MANY) for _ in range(20)))
            reads = client.info("stats")["total_reads_processed"] - before
    assert [answer.quota_remaining for answer in answers] == list(range(10**9 - 2, 10**9 - 22, -1))
    assert reads == 2, "one for the calls, one for this question"


@pytest.mark.parametrize(("rate", "quota"), [(5, 5000), (5, 3), (5, 5), (9, 8), (9, 9)])
async def test_calls_that_travel_together_are_decided_in_order(
    store: StoreProcess, account_id: str, rate: int, quota: int
) -> None:
    """Calls of one turn get the same answers as one after the other, with calls of other accounts in between."""
    names = (account_id, f"{account_id}-other") * 8
    async with limiter_on(store.url) as limiter:
        mixed = await asyncio.gather(*(hit(limiter, name, Allowance(rate, quota)) for name in names))
    admitted = min(rate, quota, 8)
    expected: list[tuple[bool, str | None, int, int]] = [
        (True, None, rate - number, quota - number) for number in range(1, admitted + 1)
    ]
    expected += [(False, "quota" if quota <= rate else "rate", rate - admitted, quota - admitted)] * (8 - admitted)
    for decisions in (mixed[::2], mixed[1::2]):
        assert [
            (one.admitted, one.refused_by, one.rate_remaining, one.quota_remaining) for one in decisions
        ] == expected
        assert [one.rate_retry_after_seconds for one in decisions] == [int(one[2] == 0) for one in expected]
        assert [one.quota_retry_after_seconds > 0 for one in decisions] == [one[3] == 0 for one in expected]


async def test_script_flush_is_not_noticed(store: StoreProcess, account_id: str, redis_client: Redis) -> None:
    """While scripts are flushed again and again, every call is decided by the store and counted once."""
    flushes = 30
    async with limiter_on(store.url) as limiter:

        async def flush() -> None:
            for _ in range(flushes):
                await redis_client.script_flush()

        async def call() -> list[bool]:
            return [(await hit(limiter, account_id, MANY)).quota_remaining is not None for _ in range(40)]

        async with asyncio.TaskGroup() as group:
            group.create_task(flush())
            callers = [group.create_task(call()) for _ in range(10)]
        assert all(all(caller.result()) for caller in callers)
        assert limiter.shared
    assert await redis_client.hget(keys(account_id)[1], "n") == b"400"


async def test_outcomes_are_told(store: StoreProcess, account_id: str) -> None:
    """Every call is reported to the metrics hook by its outcome; a peek is not."""
    outcomes: list[LimitOutcome] = []
    async with limiter_on(store.url, on_outcome=outcomes.append) as limiter:
        await limiter.peek(account_id, TEN)
        await hit(limiter, account_id, Allowance(1, 5))
        await hit(limiter, account_id, Allowance(1, 5))
        await hit(limiter, account_id, Allowance(5, 1))
    assert outcomes == [LimitOutcome.ADMITTED, LimitOutcome.REFUSED_RATE, LimitOutcome.REFUSED_QUOTA]


async def test_broken_record_concerns_its_account_only(
    store: StoreProcess, account_id: str, redis_client: Redis
) -> None:
    """An account whose key holds another type is limited by the process; all others stay shared."""
    await redis_client.set(keys(account_id)[1], "not ours", ex=60)
    async with limiter_on(store.url) as limiter:
        decisions = [await hit(limiter, account_id) for _ in range(11)]
        other = await hit(limiter, f"{account_id}-other")
        assert limiter.shared
    assert [decision.admitted for decision in decisions] == [True] * 10 + [False]
    assert decisions[0].quota_remaining is None
    assert other.quota_remaining == 4999


async def test_keys_share_a_cluster_slot(account_id: str, redis_client: Redis, store: StoreProcess) -> None:
    """Both keys of an account are in one slot, and the script uses only the declared keys."""
    async with limiter_on(store.url) as limiter:
        await hit(limiter, account_id)
    found = sorted([key.decode() async for key in redis_client.scan_iter(f"*{account_id}*", count=1000)])
    assert found == sorted(keys(account_id))
    assert len({key_slot(key.encode()) for key in found}) == 1


async def test_counters_answer_in_order(redis_client: Redis, account_id: str) -> None:
    """The answers to a batch of many accounts are in the order of the questions."""
    counters = RedisRateLimitStore(redis_client, timeout_seconds=10)
    calls = [LimitRequest(f"{account_id}-{n % 7}", Allowance(100, 1000 + n), recorded=True) for n in range(50)]
    answers = await counters.decide(calls, batch=1)
    assert [answer.allowance for answer in answers if not isinstance(answer, BrokenRecord)] == [
        call.allowance for call in calls
    ]


async def test_traces_of_writers_are_bounded(redis_client: Redis, account_id: str) -> None:
    """Hundreds of processes that start and end leave a small record, and the correct count."""
    for n in range(200):
        counters = RedisRateLimitStore(redis_client, writer=f"writer-{n}", timeout_seconds=10)
        await counters.decide([LimitRequest(account_id, MANY, recorded=True)], batch=1)
    assert await redis_client.hlen(keys(account_id)[1]) <= 66
    assert await redis_client.hget(keys(account_id)[1], "n") == b"200"


async def test_a_turn_of_very_many_calls(store: StoreProcess, account_id: str) -> None:
    """Ten thousand calls of an account in one turn, more than one script call takes, are each counted once."""
    async with limiter_on(store.url) as limiter:
        decisions = await asyncio.gather(*(hit(limiter, account_id, MANY) for _ in range(10_000)))
    assert [decision.quota_remaining for decision in decisions] == [MANY.calls_per_month - n for n in range(1, 10_001)]
