"""Rate limits of logins: by e-mail and address together, by e-mail alone, and by address.

Every limit ends after 15 minutes. The limit by e-mail alone does not apply to an address from which that e-mail
logged in within the last 30 days; otherwise a stranger could lock a user out. Many people may share an address: above
its limit logins are not refused but verified one after the other.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from service.auth.pepper import Pepper
from service.http.context import network
from service.limits import CountersUnreachable
from service.storage.redis import FAULTS, Client

WINDOW_SECONDS = 15 * 60
KNOWN_SECONDS = 30 * 86_400
MAX_BY_PAIR, MAX_BY_EMAIL = 10, 200
# Attempts from one address that are not slowed.
QUICK_BY_ADDRESS = 50


class Tries(NamedTuple):
    """The number of tries in the window, this one included, and in how many seconds the window ends."""

    number: int
    forgotten_in_seconds: int


class LoginAttempt(NamedTuple):
    """The decision on a login: after how many seconds it may be tried (0: now), and whether it is slowed."""

    wait_seconds: int
    is_slowed: bool = False


class AttemptCounters(Protocol):
    """Counters by name. Every operation raises CountersUnreachable."""

    async def count(self, name: str, window_seconds: int) -> Tries:
        """Count one try, and return the number of tries in the window, which begins with the first of them."""

    async def forget(self, name: str) -> None:
        """Reset the counter of a name."""

    async def remember(self, name: str, seconds: int) -> None:
        """Remember a name for `seconds`."""

    async def knows(self, name: str) -> bool:
        """Return whether a name is remembered."""


class LoginAttempts:
    """Counts login attempts in Redis, or in this process while Redis is unavailable."""

    def __init__(self, shared: AttemptCounters, pepper: Pepper, local: AttemptCounters) -> None:
        self._shared = shared
        self._local = local
        self._pepper = pepper

    async def begin(self, email: str, address: str) -> LoginAttempt:
        """Count one attempt, and decide whether it is allowed."""
        try:
            return await self._begin(self._shared, email, address)
        except CountersUnreachable:
            return await self._begin(self._local, email, address)

    async def succeeded(self, email: str, address: str) -> None:
        """Reset the counter of this e-mail and address, and remember the pair as known."""
        pair = self._name("pair", email, network(address))
        for counters in (self._shared, self._local):
            try:
                await counters.forget(pair)
                await counters.remember(self._name("known", email, network(address)), KNOWN_SECONDS)
            except CountersUnreachable:
                continue

    async def _begin(self, counters: AttemptCounters, email: str, address: str) -> LoginAttempt:
        place = network(address)
        limits: Mapping[str, int] = {self._name("pair", email, place): MAX_BY_PAIR}
        if not await counters.knows(self._name("known", email, place)):
            limits = {**limits, self._name("email", email): MAX_BY_EMAIL}
        for name, most in limits.items():
            tries = await counters.count(name, WINDOW_SECONDS)
            if tries.number > most:  # and so does not count against the wider limits
                return LoginAttempt(max(tries.forgotten_in_seconds, 1))
        tries = await counters.count(self._name("address", place), WINDOW_SECONDS)
        return LoginAttempt(0, tries.number > QUICK_BY_ADDRESS)

    def _name(self, kind: str, *parts: str) -> str:
        """Return the name of a counter, with a digest in place of e-mail and address."""
        return f"login:{kind}:{self._pepper.digest(chr(0).join(parts))[:32]}"


class LocalAttempts:
    """AttemptCounters in the memory of one process, at most `max_names`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, max_names: int = 10_000) -> None:
        self._clock = clock
        self._max_names = max_names
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def count(self, name: str, window_seconds: int) -> Tries:
        """Count one try, and return the number of tries in the window, which begins with the first of them."""
        now = self._clock()
        number, ends_at = self._tries.get(name, (0, 0.0))
        if ends_at <= now:
            number, ends_at = 0, now + window_seconds
        self._keep(name, number + 1, ends_at)
        return Tries(number + 1, math.ceil(ends_at - now))

    async def forget(self, name: str) -> None:
        """Reset the counter of a name."""
        self._tries.pop(name, None)

    async def remember(self, name: str, seconds: int) -> None:
        """Remember a name for `seconds`."""
        self._keep(name, 1, self._clock() + seconds)

    async def knows(self, name: str) -> bool:
        """Return whether a name is remembered."""
        return self._tries.get(name, (0, 0.0))[1] > self._clock()

    def _keep(self, name: str, number: int, ends_at: float) -> None:
        self._tries[name] = (number, ends_at)
        self._tries.move_to_end(name)
        if len(self._tries) > self._max_names:
            self._tries.popitem(last=False)


COUNT = """
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {number, redis.call('TTL', KEYS[1])}
"""


class RedisAttempts:
    """AttemptCounters in Redis, shared by all processes."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def count(self, name: str, window_seconds: int) -> Tries:
        """Count one try, and return the number of tries in the window. One script, so that no key is without expiry."""
        with _faults_translated():
            number, seconds = await self._client.eval(COUNT, 1, name, str(window_seconds))
        return Tries(number, seconds)

    async def forget(self, name: str) -> None:
        """Reset the counter of a name."""
        with _faults_translated():
            await self._client.delete(name)

    async def remember(self, name: str, seconds: int) -> None:
        """Remember a name for `seconds`."""
        with _faults_translated():
            await self._client.set(name, 1, ex=seconds)

    async def knows(self, name: str) -> bool:
        """Return whether a name is remembered."""
        with _faults_translated():
            return bool(await self._client.exists(name))


@contextmanager
def _faults_translated() -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        raise CountersUnreachable(type(error).__name__) from error
