"""Counters of login attempts in Redis, shared by all processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.console.attempts import Tries
from service.limits import CountersUnreachable
from service.stores.redis import FAULTS, Client

COUNT = """
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {number, redis.call('TTL', KEYS[1])}
"""


class RedisAttempts:
    """See AttemptCounters."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def count(self, name: str, window_seconds: int) -> Tries:
        """One script, in one step: a key is never without its expiry, and a cluster takes it as it is."""
        with _faults_translated():
            number, seconds = await self._client.eval(COUNT, 1, name, str(window_seconds))
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
