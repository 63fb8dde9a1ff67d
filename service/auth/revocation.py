"""Word of changed keys, passed between processes so that they need not wait for their caches."""

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
    """Publishes and hears digests of keys. A convenience: without it a change is seen within 5 seconds."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._log = structlog.get_logger()

    async def publish(self, digest: str) -> bool:
        """Tell all processes that hear; whether Redis took it."""
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
                await self._client.publish(CHANNEL, digest)
        except FAULTS:
            return False
        return True

    async def listen(self, forget: Callable[[str], None], on_heard: Callable[[], None] = lambda: None) -> None:
        """Call `forget` with each digest that comes until Redis is lost, and wait: to be repeated.

        `on_heard` is called when it begins to hear.
        """
        try:
            await self._hear(forget, on_heard)
        except FAULTS as error:
            self._log.debug("revocations.not_heard", reason=type(error).__name__)
        await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, forget: Callable[[str], None], on_heard: Callable[[], None]) -> None:
        if isinstance(self._client, RedisCluster):
            await self._client.initialize()  # it subscribes at one of the nodes that it knows
        async with self._client.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            while True:
                message = await channel.get_message(timeout=POLL_SECONDS)
                if message is None:
                    await channel.ping()  # a connection that is dead without a sound is found out by this
                elif message["type"] == "subscribe":
                    on_heard()
                elif message["type"] == "message":
                    forget(message["data"].decode("ascii", "replace"))
