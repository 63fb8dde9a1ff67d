"""What the store said of a digest, remembered for some seconds; and look-ups that several calls share."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from service.auth.accounts import Principal, StoredKey
from service.storage.errors import StoreUnavailable

Digests = tuple[str, ...]
Find = Callable[[Digests], Awaitable[StoredKey | None]]


class CachedKey(NamedTuple):
    """What the store said, who may call with such a key, and when it was asked."""

    found: StoredKey | None
    principal: Principal | None
    looked_up_at_seconds: float


class KeyCache:
    """Answers by the digests of a secret, kept for `keep_seconds` from the moment of asking.

    Existing keys and unknown ones are kept apart, so that a caller who makes up keys cannot push
    real ones out. Each kind is bounded by `max_entries`.
    """

    def __init__(
        self,
        find: Find,
        *,
        keep_seconds: float,
        max_entries: int,
        timeout_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._find = find
        self._keep_seconds = keep_seconds
        self._max_entries = max_entries
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._known: OrderedDict[str, CachedKey] = OrderedDict()
        self._unknown: OrderedDict[str, CachedKey] = OrderedDict()
        self._lookups: dict[Digests, asyncio.Task[CachedKey | StoreUnavailable]] = {}

    async def get(self, digests: Digests) -> CachedKey:
        """What the store says now. Those who ask together ask once. Raises StoreUnavailable."""
        answer = await asyncio.shield(self._lookups.get(digests) or self._look_up(digests))
        if isinstance(answer, StoreUnavailable):
            raise StoreUnavailable(answer.url, answer.reason)
        return answer

    def forget(self, digest: str) -> None:
        """Drop what is known of a digest, under whichever pepper; an answer on its way is not kept either."""
        self._unknown.pop(digest, None)
        stale = [first for first, answer in self._known.items() if digest in (first, _digest_of(answer))]
        for first in stale:
            del self._known[first]
        for digests in [digests for digests in self._lookups if digest in digests]:
            del self._lookups[digests]

    async def close(self) -> None:
        """End look-ups under way."""
        tasks = list(self._lookups.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cached(self, digests: Digests) -> CachedKey | None:
        """What was said, if that is not too long ago."""
        digest = digests[0]
        answer = self._known.get(digest) or self._unknown.get(digest)
        if answer is None or self._clock() - answer.looked_up_at_seconds >= self._keep_seconds:
            return None
        return answer

    def _look_up(self, digests: Digests) -> "asyncio.Task[CachedKey | StoreUnavailable]":
        """A task of its own: a caller who hangs up does not end the look-up of the others."""
        task = asyncio.create_task(self._fetch(digests))
        self._lookups[digests] = task
        return task

    async def _fetch(self, digests: Digests) -> CachedKey | StoreUnavailable:
        """A breakage is handed on as a value, for no caller may be waiting for it any more."""
        looked_up_at_seconds = self._clock()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                found = await self._find(digests)
        except StoreUnavailable as error:
            return error
        except TimeoutError:
            return StoreUnavailable("of accounts", f"no answer within {self._timeout_seconds:g} s.")
        else:
            answer = CachedKey(found, None if found is None else Principal.of(found.key), looked_up_at_seconds)
            if self._lookups.get(digests) is asyncio.current_task():
                self._keep(digests[0], answer)
            return answer
        finally:
            if self._lookups.get(digests) is asyncio.current_task():
                del self._lookups[digests]

    def _keep(self, digest: str, answer: CachedKey) -> None:
        answers, others = self._known, self._unknown
        if answer.found is None:
            answers, others = others, answers
        others.pop(digest, None)
        answers[digest] = answer
        answers.move_to_end(digest)
        if len(answers) > self._max_entries:
            answers.popitem(last=False)


def _digest_of(answer: CachedKey) -> str | None:
    return answer.found.digest if answer.found is not None else None
