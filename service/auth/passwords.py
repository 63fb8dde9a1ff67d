"""Password hashes (argon2id), computed in a thread one at a time with a pause after each; and turns of logins."""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from secrets import token_bytes
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

Answer = TypeVar("Answer")

# OWASP's minimum for argon2id: 19 MiB and two passes, about 20 ms. More would let logins use up the memory.
TIME_COST, MEMORY_KIBIBYTES, LANES = 2, 19_456, 1
MAX_WAITING = 32
# Pause after each hash, relative to its duration: logins take at most half a processor.
REST_FOR_WORK = 1.0


class TooBusy(Exception):
    """Too many logins are waiting."""


class Passwords:
    """Hashes and verifies passwords. One a process and event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(TIME_COST, MEMORY_KIBIBYTES, LANES)
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self._unmatchable = unmatchable_hash(self._hasher)

    async def hash(self, password: str) -> str:
        """Return a salted hash, which includes its parameters. Raise TooBusy."""
        return await self._run(partial(self._hasher.hash, password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password matches the hash; without a hash False, after the same time. Raise TooBusy."""
        matches = await self._run(partial(self._matches, password_hash or self._unmatchable, password))
        return matches and password_hash is not None

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        if self._waiting >= MAX_WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            await self._turn.acquire()
            began = time.monotonic()
            working = asyncio.ensure_future(asyncio.to_thread(work))
            working.add_done_callback(lambda _: self._rest(time.monotonic() - began))
            return await asyncio.shield(working)  # the thread continues without its caller, and keeps its turn
        finally:
            self._waiting -= 1

    def _rest(self, worked_seconds: float) -> None:
        asyncio.get_running_loop().call_later(worked_seconds * REST_FOR_WORK, self._turn.release)


def unmatchable_hash(hasher: PasswordHasher) -> str:
    """Return a hash that no password matches: verified for unknown users, so that it takes as long as for known ones.

    Its digest is random instead of computed, which saves a hash at each start.
    """
    salt, digest = (_base64(token_bytes(length)) for length in (hasher.salt_len, hasher.hash_len))
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


def _base64(value: bytes) -> str:
    return b64encode(value).rstrip(b"=").decode()


MAX_AT_A_TIME_OF_ADDRESS = 8
SLOW_SECONDS = 0.25


@dataclass(slots=True)
class _Line:
    """The logins of one address in progress; slowed ones wait for each other."""

    logins: int = 0
    slow: asyncio.Lock = field(default_factory=asyncio.Lock)


class LoginTurns:
    """Limits the concurrent logins of one address. One a process and event loop."""

    def __init__(self, slow_seconds: float = SLOW_SECONDS) -> None:
        self._slow_seconds = slow_seconds
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, address: str, *, is_slowed: bool) -> AsyncIterator[None]:
        """Wait for a turn; slowed logins of an address run one after the other. Raise TooBusy."""
        line = self._lines.setdefault(address, _Line())
        if line.logins >= MAX_AT_A_TIME_OF_ADDRESS:
            raise TooBusy
        line.logins += 1
        try:
            if is_slowed:
                async with line.slow:
                    await asyncio.sleep(self._slow_seconds)
                    yield
            else:
                yield
        finally:
            line.logins -= 1
            if not line.logins:
                del self._lines[address]
