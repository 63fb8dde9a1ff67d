"""The keys of one account, created within limits and read a page at a time, and what is asked of their store.

Ended keys are those that were revoked or have expired. Of ended keys that never made a call of the gateway an account
keeps the newest; keys that the ledger names are never deleted, so that statements go on to name them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from service.accounts import ApiKey, NewKey, Scope

MAX_LIVE_KEYS = 100
MAX_NEW_KEYS, NEW_WITHIN = 200, timedelta(hours=1)
MAX_ENDED_KEYS = 100


class KeyLimits(NamedTuple):
    """How many keys an account may have that work, may create within `NEW_WITHIN`, and keeps of ended ones."""

    live: int = MAX_LIVE_KEYS
    new: int = MAX_NEW_KEYS
    ended: int = MAX_ENDED_KEYS


KEY_LIMITS: Final = KeyLimits()


class TooManyLive(NamedTuple):
    """The account has as many keys that work as it may have."""

    limit: int


class TooManyNew(NamedTuple):
    """The account created as many keys as it may within a time."""

    wait_seconds: int


class WantedKey(NamedTuple):
    """What a new key is to be."""

    label: str
    scopes: frozenset[Scope]
    expires_at: datetime | None


class KeyPage(NamedTuple):
    """Some keys of an account, and whether there are more beyond the last."""

    keys: Sequence[ApiKey]
    has_more: bool


class AccountKeys(Protocol):
    """Every operation raises StoreUnavailable."""

    async def create(
        self, account_id: str, wanted: WantedKey, limits: KeyLimits = KEY_LIMITS
    ) -> NewKey | TooManyLive | TooManyNew:
        """Create a key unless the account is at a limit; callers in a race never pass one."""

    async def page(self, account_id: str, size: int, after: str | None = None) -> KeyPage:
        """Return keys in order of creation: those after the key of the id `after`, or the first."""

    async def newest(self, account_id: str, size: int, before: str | None = None) -> KeyPage:
        """Return keys against the order of creation: those before the key of the id `before`, or the newest."""
