"""Calls whose callers have left, in Redis: which of them run, and the answers that no caller has taken."""

import asyncio
from typing import NamedTuple

from service.limits import CountersUnreachable
from service.storage.redis import FAULTS, Client

TIMEOUT_SECONDS = 1.0
# Of the same form as the counters' own, for stores that let their user write to such keys alone.
RUNNING_KEY, ANSWERS_KEY = "rl:{{left-{}}}:r", "rl:{{left-{}}}:a"
MAX_ANSWERS = 8

RUN = """
redis.call('SADD', KEYS[1], ARGV[1])
return redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
END = """
redis.call('SREM', KEYS[1], ARGV[1])
if ARGV[2] ~= '' then
    redis.call('RPUSH', KEYS[2], ARGV[2])
    redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
    redis.call('EXPIRE', KEYS[2], ARGV[3])
end
return 1
"""
TAKE = """
return {redis.call('LPOP', KEYS[2]), redis.call('EXISTS', KEYS[1])}
"""


class Found(NamedTuple):
    """The oldest answer under a mark, which is taken out of the store; and whether a call under it runs."""

    answer: bytes | None
    is_running: bool


class RedisLeftCalls:
    """Keeps calls under the marks of their requests. Every method raises CountersUnreachable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def run(self, mark: str, call_id: str, lease_seconds: int) -> None:
        """Note for `lease_seconds` that a call runs."""
        await self._eval(RUN, mark, call_id, lease_seconds)

    async def end(self, mark: str, call_id: str, answer: bytes, keep_seconds: int) -> None:
        """Note that a call is over, and keep its answer unless that is empty: in one step, so that who waits for the
        call finds either."""
        await self._eval(END, mark, call_id, answer, keep_seconds, MAX_ANSWERS)

    async def take(self, mark: str) -> Found:
        """Return what there is; each answer is returned once."""
        answer, running = await self._eval(TAKE, mark)
        return Found(answer, bool(running))

    async def _eval(self, script: str, mark: str, *arguments: str | bytes | int) -> list[bytes | None]:
        keys = (RUNNING_KEY.format(mark), ANSWERS_KEY.format(mark))
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                found: list[bytes | None] = await self._client.eval(script, 2, *keys, *arguments)
        except FAULTS as error:
            raise CountersUnreachable(type(error).__name__) from error
        return found
