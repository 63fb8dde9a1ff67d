"""Clients of Redis or Valkey: how they are made, whether they answer, whether they keep what they hold."""

import asyncio
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

SOCKET_TIMEOUT_SECONDS = 0.1
CONNECT_TIMEOUT_SECONDS = 0.5
NOT_PERSISTENT = (
    "The store of the counters keeps no append-only file: counts are lost when it stops. Set 'appendonly yes'."
)
EVICTS = (
    "The store of the counters drops keys when its memory is full (maxmemory-policy {policy}): quotas would "
    "begin again. Set 'maxmemory-policy noeviction'."
)
FAULTS = (RedisError, OSError, TimeoutError)


def connect(url: str, *, socket_timeout_seconds: float = SOCKET_TIMEOUT_SECONDS) -> Redis:
    """A client with a pool of connections; nothing is opened yet.

    It gives up after `socket_timeout_seconds` without an answer and repeats nothing: a command whose
    answer is late may have been carried out.
    """
    return Redis.from_url(
        url,
        socket_timeout=socket_timeout_seconds,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), retries=0),
        protocol=2,
        driver_info=None,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


async def ping(client: Redis, *, timeout_seconds: float = 2 * SOCKET_TIMEOUT_SECONDS) -> bool:
    """Whether the store answers, in good time."""
    try:
        async with asyncio.timeout(timeout_seconds):
            await client.ping()
    except FAULTS:
        return False
    return True


async def check_store(client: Redis) -> list[str]:
    """Sentences for the operator where the store may lose counts. Empty when it is set up well."""
    try:
        persistence: Mapping[str, Any] = await client.info("persistence")
        memory: Mapping[str, Any] = await client.info("memory")
    except FAULTS as error:
        return [f"The store of the counters could not be examined: {error}"]
    warnings = []
    if not int(persistence.get("aof_enabled", 1)):
        warnings.append(NOT_PERSISTENT)
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        warnings.append(EVICTS.format(policy=policy))
    return warnings
