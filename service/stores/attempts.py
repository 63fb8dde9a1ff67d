"""Counters of login attempts in Redis, shared by all processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis

from service.console.attempts import Tries
from service.limits import CountersUnreachable
from service.stores.redis import FAULTS


class RedisAttempts:
    """See AttemptCounters."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def count(self, name: str, window_seconds: int) -> Tries:
        """One transaction: a key is never without its expiry."""
        with _faults_translated():
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(name, 0, ex=window_seconds, nx=True)
                pipeline.incr(name)
                pipeline.ttl(name)
                _, number, seconds = await pipeline.execute()
        return Tries(number, seconds)

    async def forget(self, name: str) -> None:
        """See AttemptCounters."""
        with _faults_translated():
            await self._client.delete(name)

    async def remember(self, name: str, seconds: int) -> None:
        """See AttemptCounters."""
        with _faults_translated():
            await self._client.set(name, 1, ex=seconds)

    async def knows(self, name: str) -> bool:
        """See AttemptCounters."""
        with _faults_translated():
            return bool(await self._client.exists(name))


@contextmanager
def _faults_translated() -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        raise CountersUnreachable(type(error).__name__) from error
