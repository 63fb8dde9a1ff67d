"""When keys were last used, written now and then rather than at every call."""

import asyncio
from contextlib import suppress
from datetime import datetime

from service.auth.accounts import AccountStore
from service.storage.errors import StoreUnavailable

INTERVAL_SECONDS = 60


class LastUsed:
    """Collects uses of keys. It holds no more entries than there are live keys."""

    def __init__(self, store: AccountStore) -> None:
        self.store = store
        self._pending: dict[str, datetime] = {}

    def note(self, key_id: str, used_at: datetime) -> None:
        """A key was used."""
        self._pending[key_id] = used_at

    async def flush(self) -> None:
        """Write what was noted. Raises StoreUnavailable; what was not written is kept."""
        taken, self._pending = self._pending, {}
        try:
            await self.store.touch_last_used(taken)
        except Exception:
            self._pending = taken | self._pending
            raise

    async def step(self, interval_seconds: float = INTERVAL_SECONDS) -> None:
        """Wait, then flush: to be repeated. A store that is away is asked again after the next interval."""
        await asyncio.sleep(interval_seconds)
        with suppress(StoreUnavailable):
            await self.flush()
