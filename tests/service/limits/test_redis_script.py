"""The limiter on a real cluster of three nodes: limits, moving slots, dying nodes."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from service.auth.login_attempts import RedisAttempts, Tries
from service.auth.revocation import Revocations
from service.limits import Allowance, CountersUnreachable, Decision, Limiter
from service.limits.redis_store import AccountLimits, RedisRateLimitStore
from service.limits.store import LimitRequest
from service.storage.redis import check_store, connect, ping, write_fault
from tests.service.limits.limiters import PATIENT_SECONDS, limiter_on
from tests.service.limits.test_outage import recovered
from tests.service.store_cluster import Node, StoreCluster, store_cluster

pytestmark = pytest.mark.anyio
FIVE = Allowance(1_000_000, 5)
NUMBERS = count(1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreCluster]:
    """Yield one cluster for all tests of this file; a test that damages it repairs it."""
    with store_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def accounts(cluster: StoreCluster) -> dict[Node, str]:
    """Return an account on each node that no other test has."""
    found: dict[Node, str] = {}
    while len(found) < len(cluster.nodes):
        account_id = f"acc-{next(NUMBERS)}"
        found.setdefault(cluster.owner(account_id), account_id)
    return found


async def calls(limiter: Limiter, account_ids: list[str]) -> list[bool]:
    """Make calls in one turn of the loop, and return whether each was admitted."""
    decisions = await asyncio.gather(*(limiter.hit(account_id, FIVE) for account_id in account_ids))
    return [isinstance(decision, Decision) and decision.admitted for decision in decisions]


async def used(cluster: StoreCluster, account_id: str) -> int:
    """Return the month's calls of an account, as the cluster counts them."""
    client = connect(cluster.url, socket_timeout_seconds=PATIENT_SECONDS)
    try:
        decision = await AccountLimits(client).look(account_id, FIVE)
    finally:
        await client.aclose()
    assert decision.quota_remaining is not None
    return FIVE.calls_per_month - decision.quota_remaining


async def test_limits_hold_over_all_nodes(cluster: StoreCluster, accounts: dict[Node, str]) -> None:
    """Of calls in one turn for accounts of every node, exactly the quota of each account is admitted."""
    async with limiter_on(cluster.url) as limiter:
        admitted = await calls(limiter, [*accounts.values()] * 8)
        assert admitted == [True] * 15 + [False] * 9
        assert limiter.shared


async def test_calls_of_one_turn_share_a_round_trip_to_each_node(
    cluster: StoreCluster, accounts: dict[Node, str]
) -> None:
    """Three hundred calls of one turn need only a few reads from the socket of each node."""
    async with limiter_on(cluster.url) as limiter:
        await calls(limiter, [*accounts.values()])
        before = [reads(node) for node in cluster.nodes]
        await calls(limiter, [*accounts.values()] * 100)
        grown = [reads(node) - earlier for node, earlier in zip(cluster.nodes, before, strict=True)]
    # One's own question, the cluster's bus, and the runs, which may come in several pieces of 16 kB.
    assert max(grown) < 50


def reads(node: Node) -> int:
    """Return how many times a node has read from a socket of a client."""
    return int(node.command("INFO", "stats")["total_reads_processed"])


async def test_calls_follow_a_slot_that_moves(cluster: StoreCluster, accounts: dict[Node, str]) -> None:
    """Before, during and after the move of an account's slot each of its calls is counted once, and shared."""
    source, target = cluster.nodes[0], cluster.nodes[1]
    account_id = accounts[source]
    async with limiter_on(cluster.url) as limiter:
        assert await calls(limiter, [account_id]) == [True]
        cluster.begin_move(account_id, target)
        assert await calls(limiter, [account_id]) == [True]  # still at the source
        assert cluster.move_keys(account_id, target) == 2
        assert await calls(limiter, [account_id, *accounts.values()]) == [True] * 4  # sent on by ASK
        cluster.end_move(account_id, target)
        assert await calls(limiter, [account_id] * 2) == [True, False]  # sent on by MOVED
        assert limiter.shared
    assert await used(cluster, account_id) == 5
    assert cluster.owner(account_id) is target


async def test_a_slot_that_moves_at_once_disturbs_nobody(cluster: StoreCluster, accounts: dict[Node, str]) -> None:
    """If a slot is moved in one step, as new servers can, its accounts are counted without interruption."""
    source, target = cluster.nodes[1], cluster.nodes[2]
    account_id = accounts[source]
    async with limiter_on(cluster.url) as limiter:
        assert await calls(limiter, [account_id]) == [True]
        cluster.move_at_once(account_id, target)
        assert await calls(limiter, [account_id] * 5) == [True] * 4 + [False]
        assert limiter.shared


async def test_a_slot_that_is_torn_apart_is_an_outage(cluster: StoreCluster, accounts: dict[Node, str]) -> None:
    """While a server can decide nothing for an account, as its slot is moved key by key, the policy does; all is
    booked when the slot has arrived."""
    source, target = cluster.nodes[1], cluster.nodes[2]
    account_id = accounts[source]
    cluster.begin_move(account_id, target)
    async with limiter_on(cluster.url, timeout_seconds=0.5) as limiter:
        assert await calls(limiter, [account_id] * 3) == [True] * 3
        assert not limiter.shared
        cluster.end_move(account_id, target)
        await recovered(limiter)
        assert await calls(limiter, [account_id] * 3) == [True, True, False]
    assert await used(cluster, account_id) == 5


async def test_a_dead_node_is_an_outage_for_all(cluster: StoreCluster, accounts: dict[Node, str]) -> None:
    """While a node is dead the policy holds for every account; when it returns all calls are booked, each once."""
    dead = cluster.nodes[0]
    async with limiter_on(cluster.url) as limiter:
        await calls(limiter, [*accounts.values()])
        dead.end()
        for node in (dead, *cluster.nodes[1:]):
            decision = await limiter.hit(accounts[node], FIVE)
            assert isinstance(decision, Decision)
            assert decision.admitted
            assert decision.quota_remaining is None
        assert not limiter.shared
        dead.start()
        cluster.wait_until_whole()
        await recovered(limiter)
        await calls(limiter, [*accounts.values()])
    assert [await used(cluster, account_id) for account_id in accounts.values()] == [3, 3, 3]


async def test_a_node_that_is_named_may_be_dead(cluster: StoreCluster) -> None:
    """One of the nodes in the URL has to answer, so that the others are found."""
    port = cluster.nodes[-1].port
    client = connect(f"redis+cluster://127.0.0.1:1,127.0.0.1:{port}", socket_timeout_seconds=PATIENT_SECONDS)
    assert await ping(client, timeout_seconds=PATIENT_SECONDS)
    await client.aclose()


async def test_a_cluster_that_is_away_is_unreachable() -> None:
    """If no node answers, the counters are unreachable, and nothing else fails."""
    client = connect("redis+cluster://127.0.0.1:1")
    with pytest.raises(CountersUnreachable):
        await RedisRateLimitStore(client).decide([LimitRequest("a", FIVE, recorded=True)], 1)
    assert not await ping(client)
    (warning,) = await check_store(client)
    assert "could not be examined" in warning
    await client.aclose()


async def test_every_node_is_checked(cluster: StoreCluster) -> None:
    """One node without an append-only file is enough for a warning; correctly configured nodes draw none."""
    client = connect(cluster.url, socket_timeout_seconds=PATIENT_SECONDS)
    assert await check_store(client) == []
    cluster.nodes[1].command("CONFIG", "SET", "appendonly", "no")
    (warning,) = await check_store(client)
    assert "appendonly yes" in warning
    cluster.nodes[1].command("CONFIG", "SET", "appendonly", "yes")
    await client.aclose()


async def test_login_attempts_and_revocations_use_the_cluster(cluster: StoreCluster) -> None:
    """Login attempts are counted with their expiry, and a notice of a revoked key reaches listeners at other nodes."""
    client = connect(cluster.url, socket_timeout_seconds=PATIENT_SECONDS)
    attempts, revocations = RedisAttempts(client), Revocations(client)
    assert await attempts.count("login:x", 60) == Tries(1, 60)
    assert (await attempts.count("login:x", 60)).number == 2
    await attempts.forget("login:x")
    assert not await attempts.knows("login:x")
    heard: asyncio.Queue[str] = asyncio.Queue()
    ready = asyncio.Event()
    listening = asyncio.create_task(revocations.listen(heard.put_nowait, ready.set))
    await ready.wait()
    assert await revocations.publish("digest")
    assert await heard.get() == "digest"
    listening.cancel()
    await asyncio.wait([listening])
    await client.aclose()


async def test_an_account_is_reset_on_its_node(cluster: StoreCluster, accounts: dict[Node, str]) -> None:
    """An account's use can be read and reset, whichever node has it."""
    client = connect(cluster.url, socket_timeout_seconds=PATIENT_SECONDS)
    async with limiter_on(cluster.url) as limiter:
        await calls(limiter, [*accounts.values()])
    for account_id in accounts.values():
        await AccountLimits(client).reset(account_id)
        assert await used(cluster, account_id) == 0
    await client.aclose()


async def test_one_node_that_refuses_writes_is_found(cluster: StoreCluster) -> None:
    """One node that refuses writes is found, whichever it is."""
    client = connect(cluster.url, socket_timeout_seconds=PATIENT_SECONDS)
    try:
        assert await write_fault(client, timeout_seconds=PATIENT_SECONDS) is None
        for node in cluster.nodes:
            node.command("CONFIG", "SET", "min-replicas-to-write", 1)
            fault = await write_fault(client, timeout_seconds=PATIENT_SECONDS)
            node.command("CONFIG", "SET", "min-replicas-to-write", 0)
            assert fault is not None
            assert fault.startswith("Redis refuses writes: NOREPLICAS")
    finally:
        await client.aclose()
