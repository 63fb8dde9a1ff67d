"""Notifications of changed keys between processes, through Redis."""

import asyncio
from collections.abc import Callable

import structlog
from redis.asyncio import RedisCluster

from service.storage.redis import FAULTS, Client

CHANNEL = "weighbridge:changed-keys"
PUBLISH_TIMEOUT_SECONDS = 1.0
POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Revocations:
    """Publishes digests of changed keys and listens for them. Without it a change takes effect within 5 s."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._log = structlog.get_logger()

    async def publish(self, digest: str) -> bool:
        """Notify all listening processes; return whether Redis accepted the message."""
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
                await self._client.publish(CHANNEL, digest)
        except FAULTS:
            return False
        return True

    async def listen(self, forget: Callable[[str], None], on_heard: Callable[[], None] = lambda: None) -> None:
        """Call `forget` with each received digest until Redis is lost, then pause; called repeatedly.

        `on_heard` is called when the subscription has started.
        """
        try:
            await self._hear(forget, on_heard)
        except FAULTS as error:
            self._log.debug("revocations.not_heard", reason=type(error).__name__)
        await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, forget: Callable[[str], None], on_heard: Callable[[], None]) -> None:
        if isinstance(self._client, RedisCluster):
            await self._client.initialize()  # a cluster client subscribes at a node that it knows
        async with self._client.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            while True:
                message = await channel.get_message(timeout=POLL_SECONDS)
                if message is None:
                    await channel.ping()  # detects a connection that was lost without notice
                elif message["type"] == "subscribe":
                    on_heard()
                elif message["type"] == "message":
                    forget(message["data"].decode("ascii", "replace"))
