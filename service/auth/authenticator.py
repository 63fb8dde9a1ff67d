"""Who is calling, by the API key alone."""

import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from hashlib import blake2b

from service.auth.accounts import AccountStore, KeyRefusal, Principal, StoredKey
from service.auth.key_cache import CachedKey, KeyCache
from service.auth.keys import SECRET_CHARACTERS, has_valid_checksum, is_well_formed
from service.auth.last_used import LastUsed
from service.auth.pepper import Peppers, same_digest

__all__ = ["Authenticator", "KeyRefusal"]

# Below the 5 s after which a revoked key must be refused everywhere, with time for the look-up itself.
KEEP_SECONDS = 4.0
LOOKUP_TIMEOUT_SECONDS = 2.0
MAX_ENTRIES = 10_000


class Authenticator:
    """Turns a key into a Principal, or says why not.

    `now` is the time of day, for expiry; `clock` counts seconds and never goes back, for the cache.
    While the store is away, keys in the cache go on for their time.
    """

    def __init__(
        self,
        store: AccountStore,
        peppers: Peppers,
        now: Callable[[], datetime],
        *,
        last_used: LastUsed | None = None,
        clock: Callable[[], float] = time.monotonic,
        keep_seconds: float = KEEP_SECONDS,
        max_entries: int = MAX_ENTRIES,
        lookup_timeout_seconds: float = LOOKUP_TIMEOUT_SECONDS,
    ) -> None:
        self._store = store
        self.peppers = peppers
        self.now = now
        self.last_used = last_used
        self._digests: dict[bytes, tuple[str, ...]] = {}
        self._most_digests = max_entries
        self._fingerprint_key = secrets.token_bytes(32)
        self._cache = KeyCache(
            self._find,
            keep_seconds=keep_seconds,
            max_entries=max_entries,
            timeout_seconds=lookup_timeout_seconds,
            clock=clock,
        )

    def cached(self, secret: str) -> Principal | KeyRefusal | None:
        """What `authenticate` answers, if the store need not be asked; else None."""
        digests = self._digests_of(secret)
        if digests is None:
            return KeyRefusal.UNKNOWN if is_well_formed(secret) else KeyRefusal.MALFORMED
        answer = self._cache.cached(digests)
        return None if answer is None else self._judged(answer)

    async def authenticate(self, secret: str) -> Principal | KeyRefusal:
        """Check the form, then the checksum, then the store. Raises StoreUnavailable."""
        known, digests = self.cached(secret), self._digests_of(secret)
        if known is not None or digests is None:
            return known or KeyRefusal.UNKNOWN
        return self._judged(await self._cache.get(digests))

    def watch(self, secret: str) -> Callable[[], Awaitable[bool]]:
        """Return a question for later: whether the key is accepted. It does not hold the secret.

        It asks the store only where the cache does not know, and raises StoreUnavailable.
        """
        return partial(self._accepts, self._digests_of(secret))

    async def _accepts(self, digests: tuple[str, ...] | None) -> bool:
        if digests is None:
            return False
        stored = (self._cache.cached(digests) or await self._cache.get(digests)).found
        return stored is not None and stored.key.refusal(self.now()) is None

    def _judged(self, answer: CachedKey) -> Principal | KeyRefusal:
        stored, principal, _ = answer
        if stored is None or principal is None:
            return KeyRefusal.UNKNOWN
        now, key = self.now(), stored.key
        if (key.revoked_at or key.expires_at) and (refusal := key.refusal(now)):
            return refusal
        if self.last_used is not None:
            self.last_used.note(stored.key.id, now)
        return principal

    async def _find(self, digests: tuple[str, ...]) -> StoredKey | None:
        found = await self._store.find_by_digest(digests)
        return found if found is not None and same_digest(found.digest, digests) else None

    def _digests_of(self, secret: str) -> tuple[str, ...] | None:
        """The digests of a key with a valid checksum, which are remembered: checksum and peppers take longer than all
        the rest. No secret is kept, only a fingerprint under a key of this process's own."""
        if len(secret) != SECRET_CHARACTERS:
            return None
        given = secret.encode("utf-8", "surrogatepass")
        fingerprint = blake2b(given, key=self._fingerprint_key, digest_size=32).digest()
        digests = self._digests.get(fingerprint)
        if digests is None and has_valid_checksum(secret):
            if len(self._digests) >= self._most_digests:
                self._digests.clear()
            digests = self._digests[fingerprint] = self.peppers.digests(secret)
        return digests

    def forget(self, digest: str) -> None:
        """Ask the store anew about the key of this digest: it was revoked or changed."""
        self._cache.forget(digest)

    async def close(self) -> None:
        """End look-ups under way."""
        await self._cache.close()
