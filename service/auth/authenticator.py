"""Authentication by API key: digests of the key, a cache of look-ups, and when keys were last used."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

from service.auth.accounts import AccountStore, KeyRefusal, Principal, StoredKey
from service.auth.keys import SECRET_CHARACTERS, has_valid_checksum, is_well_formed
from service.auth.pepper import Peppers, same_digest
from service.storage.errors import StoreUnavailable

# A revoked key must be refused everywhere within 5 s, the time of a look-up included.
KEEP_SECONDS = 4.0
LOOKUP_TIMEOUT_SECONDS = 2.0
MAX_ENTRIES = 10_000
WRITE_INTERVAL_SECONDS = 60

# The digests of one key under all peppers, the newest pepper first.
Digests = tuple[str, ...]
FindKey = Callable[[Digests], Awaitable[StoredKey | None]]


class Authenticator:
    """Finds the Principal of an API key.

    `now` is the time of day, for expiry; `clock` counts seconds monotonically, for the cache. While the store is
    unavailable, cached keys work until their entries expire.
    """

    def __init__(
        self,
        store: AccountStore,
        peppers: Peppers,
        now: Callable[[], datetime],
        *,
        last_used: "LastUsed | None" = None,
        clock: Callable[[], float] = time.monotonic,
        keep_seconds: float = KEEP_SECONDS,
        max_entries: int = MAX_ENTRIES,
        lookup_timeout_seconds: float = LOOKUP_TIMEOUT_SECONDS,
    ) -> None:
        self._store = store
        self.peppers = peppers
        self.now = now
        self.last_used = last_used
        self._digests: dict[bytes, Digests] = {}
        self._max_digests = max_entries
        self._fingerprint_key = secrets.token_bytes(32)
        self._cache = KeyCache(
            self._find,
            keep_seconds=keep_seconds,
            max_entries=max_entries,
            timeout_seconds=lookup_timeout_seconds,
            clock=clock,
        )

    def cached(self, secret: str) -> Principal | KeyRefusal | None:
        """Return what `authenticate` returns if that needs no look-up in the store, else None."""
        digests = self._digests_of(secret)
        if digests is None:
            return KeyRefusal.UNKNOWN if is_well_formed(secret) else KeyRefusal.MALFORMED
        entry = self._cache.cached(digests)
        return None if entry is None else self._accept(entry)

    async def authenticate(self, secret: str) -> Principal | KeyRefusal:
        """Check the form of the key, its checksum, then the store. Raise StoreUnavailable."""
        known, digests = self.cached(secret), self._digests_of(secret)
        if known is not None or digests is None:
            return known or KeyRefusal.UNKNOWN
        return self._accept(await self._cache.get(digests))

    def watch(self, secret: str) -> Callable[[], Awaitable[bool]]:
        """Return a function that checks later whether the key is still accepted; it does not hold the secret.

        It looks the key up in the store if it is not cached, and raises StoreUnavailable.
        """
        return partial(self._is_accepted, self._digests_of(secret))

    def forget(self, digest: str) -> None:
        """Drop what is cached of the key with this digest, because it was revoked or changed."""
        self._cache.forget(digest)

    async def close(self) -> None:
        """Cancel the look-ups in progress."""
        await self._cache.close()

    async def _is_accepted(self, digests: Digests | None) -> bool:
        if digests is None:
            return False
        stored = (self._cache.cached(digests) or await self._cache.get(digests)).found
        return stored is not None and stored.key.refusal(self.now()) is None

    def _accept(self, entry: "CachedKey") -> Principal | KeyRefusal:
        stored, principal, _ = entry
        if stored is None or principal is None:
            return KeyRefusal.UNKNOWN
        now, key = self.now(), stored.key
        if (key.revoked_at or key.expires_at) and (refusal := key.refusal(now)):
            return refusal
        if self.last_used is not None:
            self.last_used.note(stored.key.id, now)
        return principal

    async def _find(self, digests: Digests) -> StoredKey | None:
        found = await self._store.find_by_digest(digests)
        return found if found is not None and same_digest(found.digest, digests) else None

    def _digests_of(self, secret: str) -> Digests | None:
        """Return the digests of a key, or None if its checksum is not valid.

        They are kept, because checksum and peppers take longer than the rest of an authentication. The key of the entry
        is not the secret but its fingerprint under a key of this process.
        """
        if len(secret) != SECRET_CHARACTERS:
            return None
        encoded = secret.encode("utf-8", "surrogatepass")
        fingerprint = blake2b(encoded, key=self._fingerprint_key, digest_size=32).digest()
        digests = self._digests.get(fingerprint)
        if digests is None and has_valid_checksum(secret):
            if len(self._digests) >= self._max_digests:
                self._digests.clear()
            digests = self._digests[fingerprint] = self.peppers.digests(secret)
        return digests


class CachedKey(NamedTuple):
    """The result of a look-up: the stored key and its principal, or None for both; and when the look-up began."""

    found: StoredKey | None
    principal: Principal | None
    looked_up_at_seconds: float


class KeyCache:
    """Results of look-ups, kept for `keep_seconds` from their beginning; equal look-ups in progress are shared.

    Existing and unknown keys are kept apart, at most `max_entries` of each, so that invented keys cannot push out real
    ones.
    """

    def __init__(
        self,
        find: FindKey,
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

    def cached(self, digests: Digests) -> CachedKey | None:
        """Return the cached result, or None if there is none or it has expired."""
        digest = digests[0]
        entry = self._known.get(digest) or self._unknown.get(digest)
        if entry is None or self._clock() - entry.looked_up_at_seconds >= self._keep_seconds:
            return None
        return entry

    async def get(self, digests: Digests) -> CachedKey:
        """Return the result of a new look-up, or of one in progress. Raise StoreUnavailable."""
        result = await asyncio.shield(self._lookups.get(digests) or self._look_up(digests))
        if isinstance(result, StoreUnavailable):
            raise StoreUnavailable(result.url, result.reason)
        return result

    def forget(self, digest: str) -> None:
        """Drop the entry of a digest under any pepper; the result of a look-up in progress is not kept either."""
        self._unknown.pop(digest, None)
        stale = [
            first
            for first, entry in self._known.items()
            if digest == first or (entry.found is not None and entry.found.digest == digest)
        ]
        for first in stale:
            del self._known[first]
        for digests in [digests for digests in self._lookups if digest in digests]:
            del self._lookups[digests]

    async def close(self) -> None:
        """Cancel the look-ups in progress."""
        tasks = list(self._lookups.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _look_up(self, digests: Digests) -> "asyncio.Task[CachedKey | StoreUnavailable]":
        """Start a task of its own, so that a caller who disconnects does not cancel the look-up of others."""
        task = asyncio.create_task(self._fetch(digests))
        self._lookups[digests] = task
        return task

    async def _fetch(self, digests: Digests) -> CachedKey | StoreUnavailable:
        """Return a failure as a value: a task whose exception no caller retrieves would log it."""
        looked_up_at_seconds = self._clock()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                found = await self._find(digests)
        except StoreUnavailable as error:
            return error
        except TimeoutError:
            return StoreUnavailable("of accounts", f"no answer within {self._timeout_seconds:g} s.")
        else:
            entry = CachedKey(found, None if found is None else Principal.of(found.key), looked_up_at_seconds)
            if self._lookups.get(digests) is asyncio.current_task():
                self._keep(digests[0], entry)
            return entry
        finally:
            if self._lookups.get(digests) is asyncio.current_task():
                del self._lookups[digests]

    def _keep(self, digest: str, entry: CachedKey) -> None:
        entries, others = self._known, self._unknown
        if entry.found is None:
            entries, others = others, entries
        others.pop(digest, None)
        entries[digest] = entry
        entries.move_to_end(digest)
        if len(entries) > self._max_entries:
            entries.popitem(last=False)


class LastUsed:
    """Collects when keys were used, at most one entry for each live key, and writes it at intervals."""

    def __init__(self, store: AccountStore) -> None:
        self.store = store
        self._pending: dict[str, datetime] = {}

    def note(self, key_id: str, used_at: datetime) -> None:
        """Note a use of a key."""
        self._pending[key_id] = used_at

    async def flush(self) -> None:
        """Write all noted uses; those that cannot be written are kept. Raise StoreUnavailable."""
        pending, self._pending = self._pending, {}
        try:
            await self.store.touch_last_used(pending)
        except Exception:
            self._pending = pending | self._pending
            raise

    async def step(self, interval_seconds: float = WRITE_INTERVAL_SECONDS) -> None:
        """Wait for the interval, then flush; called repeatedly. An unavailable store is tried again next time."""
        await asyncio.sleep(interval_seconds)
        with suppress(StoreUnavailable):
            await self.flush()
