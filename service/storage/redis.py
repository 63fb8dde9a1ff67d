"""Clients of Redis or Valkey: how they connect, whether the store answers, takes writes and keeps its data."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

SOCKET_TIMEOUT_SECONDS = 0.1
CONNECT_TIMEOUT_SECONDS = 0.5
CLUSTER_SUFFIX = "+cluster"
DEFAULT_PORT = 6379
NOT_PERSISTENT = (
    "The store of the counters keeps no append-only file: counts are lost when it stops. Set 'appendonly yes'."
)
EVICTS = (
    "The store of the counters drops keys when its memory is full (maxmemory-policy {policy}): quotas would "
    "begin again. Set 'maxmemory-policy noeviction'."
)
FAULTS = (RedisError, RedisClusterException, OSError, TimeoutError)

# Keys of the same form as the counters', for stores whose user may write only such keys.
CHECKED_KEY = "rl:{{check-{}}}:w"
CHECKED_KEY_SECONDS = 60
MAX_KEYS_TRIED = 1_000

Client = Redis | RedisCluster


def connect(url: str, *, socket_timeout_seconds: float | None = SOCKET_TIMEOUT_SECONDS) -> Client:
    """Return a client with a pool of connections; none is opened yet. `redis+cluster://` names nodes of a cluster.

    It gives up after `socket_timeout_seconds` without a reply (None: the caller has a timeout) and repeats nothing: a
    command whose reply is late may have been carried out.
    """
    options: dict[str, Any] = {
        "socket_timeout": socket_timeout_seconds,
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), retries=0),
        "protocol": 2,
        "driver_info": None,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if urlsplit(url).scheme.endswith(CLUSTER_SUFFIX):
        return _connect_cluster(url, options)
    return Redis.from_url(url, **options)


def _connect_cluster(url: str, options: Mapping[str, Any]) -> RedisCluster:
    """Return a client of the cluster that the nodes in the URL, separated by commas, belong to."""
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    first, *others = hosts.split(",")
    named = [urlsplit(f"//{host}") for host in others]
    nodes = [ClusterNode(node.hostname or "", node.port or DEFAULT_PORT) for node in named]
    one = parts._replace(scheme=parts.scheme.removesuffix(CLUSTER_SUFFIX), netloc=f"{credentials}{at}{first}")
    return RedisCluster.from_url(one.geturl(), startup_nodes=nodes, **options)


async def ping(client: Client, *, timeout_seconds: float = 2 * SOCKET_TIMEOUT_SECONDS) -> bool:
    """Return whether the store, with all its nodes, answers in time."""
    try:
        async with asyncio.timeout(timeout_seconds):
            if isinstance(client, Redis):
                await client.ping()
            else:
                await client.initialize()
                await asyncio.gather(*(node.execute_command("PING") for node in client.get_primaries()))
    except FAULTS:
        return False
    return True


async def write_a_key(client: Client) -> None:
    """Write a key, in a cluster one to each primary. Raise FAULTS."""
    if isinstance(client, Redis):
        await client.set(CHECKED_KEY.format(0), 1, ex=CHECKED_KEY_SECONDS)
        return
    await client.initialize()
    await asyncio.gather(*(client.set(key, 1, ex=CHECKED_KEY_SECONDS) for key in _key_of_each(client)))


async def write_fault(client: Client, *, timeout_seconds: float) -> str | None:
    """Return a sentence on why the store does not take a write, or None if it does."""
    try:
        async with asyncio.timeout(timeout_seconds):
            await write_a_key(client)
    except ResponseError as error:
        return f"Redis refuses writes: {error}"
    except FAULTS:
        return "Redis does not answer."
    return None


def _key_of_each(client: RedisCluster) -> list[str]:
    """Return a key of each primary that has slots."""
    nodes = client.nodes_manager
    owners = {node.name for node in (slot[0] for slot in nodes.slots_cache.values() if slot)}
    keys: dict[str, str] = {}
    for number in range(MAX_KEYS_TRIED):
        key = CHECKED_KEY.format(number)
        keys.setdefault(nodes.get_node_from_slot(client.keyslot(key)).name, key)
        if keys.keys() >= owners:
            break
    return list(keys.values())


async def check_store(client: Client) -> list[str]:
    """Return sentences for the operator on how the store may lose counts; none if it is set up well."""
    try:
        persistence = await _info(client, "persistence")
        memory = await _info(client, "memory")
    except FAULTS as error:
        return [f"The store of the counters could not be examined: {error}"]
    warnings = []
    if not all(int(of_node.get("aof_enabled", 1)) for of_node in persistence):
        warnings.append(NOT_PERSISTENT)
    policies = {str(of_node.get("maxmemory_policy", "noeviction")) for of_node in memory} - {"noeviction"}
    if policies:
        warnings.append(EVICTS.format(policy=", ".join(sorted(policies))))
    return warnings


async def _info(client: Client, section: str) -> list[Mapping[str, Any]]:
    """Return a section of INFO of each node that holds counters."""
    if isinstance(client, Redis):
        return [await client.info(section)]
    await client.initialize()
    nodes = client.get_primaries()
    return list(await asyncio.gather(*(node.execute_command("INFO", section) for node in nodes)))
