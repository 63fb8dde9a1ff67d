"""Logins are limited by pair and e-mail, many from one address are slowed, and no user is locked out for good."""

import pytest
from redis.asyncio import Redis

from service.auth.login_attempts import (
    KNOWN_SECONDS,
    MAX_BY_EMAIL,
    MAX_BY_PAIR,
    QUICK_BY_ADDRESS,
    WINDOW_SECONDS,
    AttemptCounters,
    LocalAttempts,
    LoginAttempts,
    RedisAttempts,
)
from service.http.context import network
from service.storage.redis import connect
from tests.service.clocks import Clock
from tests.service.storage.databases import PEPPERS

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["redis", "local"])
def counters(request: pytest.FixtureRequest, redis_client: Redis) -> AttemptCounters:
    """Return both kinds of counters in turn."""
    return RedisAttempts(redis_client) if request.param == "redis" else LocalAttempts()


def attempts(counters: AttemptCounters) -> LoginAttempts:
    """Return attempts on these counters, with new counters of the process as fallback."""
    return LoginAttempts(counters, PEPPERS.newest, LocalAttempts())


async def test_a_pair_is_limited_and_then_told_when_to_come_back(counters: AttemptCounters, account_id: str) -> None:
    """The allowed attempts for an e-mail from one address pass; the next is refused with a wait within the window."""
    tried = attempts(counters)
    email, address = f"{account_id}@example.org", f"pair {account_id}"
    assert [(await tried.begin(email, address)).wait_seconds for _ in range(MAX_BY_PAIR)] == [0] * MAX_BY_PAIR
    assert 1 <= (await tried.begin(email, address)).wait_seconds <= WINDOW_SECONDS
    assert (await tried.begin(email, f"another {account_id}")).wait_seconds == 0


async def test_many_tries_from_one_address_are_slowed_and_not_refused(
    counters: AttemptCounters, account_id: str
) -> None:
    """Users who share an address with somebody who guesses for many e-mails can still log in, only more slowly."""
    tried = attempts(counters)
    begun = [await tried.begin(f"{n}-{account_id}", f"one {account_id}") for n in range(QUICK_BY_ADDRESS + 2)]
    assert [attempt.wait_seconds for attempt in begun] == [0] * len(begun)
    assert [attempt.is_slowed for attempt in begun] == [False] * QUICK_BY_ADDRESS + [True, True]
    assert not (await tried.begin(f"0-{account_id}", f"another {account_id}")).is_slowed


async def test_a_stranger_cannot_shut_out_a_known_address(counters: AttemptCounters, account_id: str) -> None:
    """Attempts from many addresses use up an e-mail's limit, but not for an address from which it has logged in."""
    tried = attempts(counters)
    await tried.succeeded(account_id, f"home {account_id}")
    waits = [(await tried.begin(account_id, f"{account_id} {n}")).wait_seconds for n in range(MAX_BY_EMAIL + 1)]
    assert bool(waits[-1])
    assert (await tried.begin(account_id, f"home {account_id}")).wait_seconds == 0


async def test_success_begins_anew(counters: AttemptCounters, account_id: str) -> None:
    """After a login the tries before it are forgotten."""
    tried = attempts(counters)
    for _ in range(3):
        for _ in range(MAX_BY_PAIR):
            assert (await tried.begin(account_id, account_id)).wait_seconds == 0
        await tried.succeeded(account_id, account_id)


async def test_every_count_in_redis_goes_away(redis_client: Redis, account_id: str) -> None:
    """No key of a login is without an expiry, and none has an e-mail or an address in its name."""
    tried = attempts(RedisAttempts(redis_client))
    await tried.begin(f"{account_id}@example.org", "192.0.2.7")
    await tried.succeeded(f"{account_id}@example.org", "192.0.2.7")
    names = [name async for name in redis_client.scan_iter("login:*")]
    assert names
    assert all([await redis_client.ttl(name) > 0 for name in names])
    assert not [name for name in names if account_id.encode() in name or b"192.0.2" in name]


async def test_without_redis_the_process_counts_by_itself() -> None:
    """Without Redis the limit of the pair still holds, and no attempt raises."""
    async with connect("redis://127.0.0.1:1/0") as nowhere:
        tried = attempts(RedisAttempts(nowhere))
        waits = [(await tried.begin("ada", "here")).wait_seconds for _ in range(MAX_BY_PAIR + 1)]
        await tried.succeeded("ada", "here")
    assert [bool(wait) for wait in waits] == [False] * MAX_BY_PAIR + [True]


async def test_local_counts_end_and_are_bounded() -> None:
    """Local counts are forgotten after the window, and old names make room for new ones."""
    clock = Clock()
    counters = LocalAttempts(clock.monotonic, max_names=100)
    assert (await counters.count("a", 10)).number == 1
    await counters.remember("known", KNOWN_SECONDS)
    clock.advance(9.5)
    assert await counters.count("a", 10) == (2, 1)
    clock.advance(0.5)
    assert (await counters.count("a", 10)).number == 1
    assert await counters.knows("known")
    clock.advance(KNOWN_SECONDS)
    assert not await counters.knows("known")
    for n in range(1000):
        await counters.count(f"n{n}", 10)
    assert (await counters.count("a", 10)).number == 1
    assert len(counters._tries) == 100


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
async def test_one_caller_has_one_network(address: str, expected: str) -> None:
    """All addresses of one IPv6 network share one limit."""
    assert network(address) == expected
