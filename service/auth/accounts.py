"""Accounts and API keys as values, and the protocols of their stores.

Every datetime is aware, in UTC. Only `NewKey` holds a secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Final, NamedTuple, Protocol

MAX_NAME_CHARACTERS = 200


class KeyScope(StrEnum):
    """An API that a key may call."""

    TOKENS = "tokens"
    GATEWAY = "gateway"


ALL_SCOPES = frozenset(KeyScope)


class KeyRefusal(Enum):
    """Why a key is not accepted. Callers can tell only MALFORMED from the others, and only on the gateway."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Account:
    """A customer, who is limited and who pays. A limit of None is the default of the service."""

    id: str
    name: str
    created_at: datetime
    calls_per_second: int | None = None
    calls_per_month: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown after its creation."""

    id: str
    account: Account
    label: str
    prefix: str
    last_four: str
    scopes: frozenset[KeyScope]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def shown(self) -> str:
        """Return the key as it may be shown: `atms_sk_...wXyZ`."""
        return f"{self.prefix}...{self.last_four}"

    def refusal(self, now: datetime) -> KeyRefusal | None:
        """Return why the key is refused at `now`, or None. It is refused from its expiry on."""
        if self.revoked_at is not None:
            return KeyRefusal.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyRefusal.EXPIRED
        return None


class NewKey(NamedTuple):
    """A new key with its secret, which is not stored."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"NewKey(key={self.key!r}, secret=<hidden>)"


class StoredKey(NamedTuple):
    """A key and the digest of its secret, which is the key of caches."""

    key: ApiKey
    digest: str


class RotatedKey(NamedTuple):
    """A key that replaces another, and the old key, which expires after the overlap."""

    new: NewKey
    old: StoredKey


class Principal(NamedTuple):
    """The account and the key of an authenticated request. A limit of None is the default of the service."""

    account_id: str
    account_name: str
    key_id: str
    scopes: frozenset[KeyScope]
    calls_per_second: int | None
    calls_per_month: int | None

    @classmethod
    def of(cls, key: ApiKey) -> "Principal":
        account = key.account
        return cls(account.id, account.name, key.id, key.scopes, account.calls_per_second, account.calls_per_month)


class AccountStore(Protocol):
    """The store of accounts and keys. Every operation raises StoreUnavailable if it cannot be reached."""

    async def create_account(self, name: str) -> Account | None:
        """Create an account; return None if the name is taken. Raise ValueError for an invalid name."""

    async def get_or_create_account(self, name: str) -> Account:
        """Return the account of that name; create it if there is none. Concurrent callers get the same account."""

    async def set_allowance(
        self, account_id: str, calls_per_second: int | None, calls_per_month: int | None
    ) -> Account | None:
        """Set the limits that are not None; return the account, or None if there is none of that id."""

    async def clear_allowance(self, account_id: str) -> None:
        """Reset the limits of an account to the defaults of the service."""

    async def list_accounts(self) -> list[Account]:
        """Return all accounts, sorted by name."""

    async def find_account(self, name: str) -> Account | None:
        """Return the account of that name, or None."""

    async def welcome(self, account: Account) -> int:
        """Give an account that never had credit its welcome credit; return it in micro-rupees, 0 for all others."""

    async def create_key(
        self,
        account: Account,
        label: str = "",
        scopes: frozenset[KeyScope] = ALL_SCOPES,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Create a key. Its secret is returned only here."""

    async def list_keys(self, account_name: str | None = None) -> list[ApiKey]:
        """Return all keys, or those of one account, sorted by account name, then by creation."""

    async def find_keys(self, reference: str) -> list[ApiKey]:
        """Return the keys that match an id, a shown form (`atms_sk_...wXyZ`) or a whole secret."""

    async def revoke_key(self, key_id: str) -> StoredKey | None:
        """Revoke a key permanently; the time of the first revocation stays. Return None for an unknown id."""

    async def rotate_key(self, key_id: str, overlap: timedelta) -> RotatedKey | None:
        """Create a key like the one of that id, which expires after `overlap` at the latest.

        The new key has the lifetime of the old one. Return None if no working key has that id.
        """

    async def find_by_digest(self, digests: Sequence[str]) -> StoredKey | None:
        """Return the key that is stored under one of these digests of one secret, or None."""

    async def touch_last_used(self, used_at: Mapping[str, datetime]) -> None:
        """Store when keys, by id, were used; a use within a minute of the stored one is dropped."""

    async def pepper_ids_in_use(self) -> frozenset[str]:
        """Return the ids of the peppers under which keys that are not revoked are stored."""


def checked_name(name: str, what: str = "account name") -> str:
    """Return the name without surrounding space. Raise ValueError with a sentence if it is not valid."""
    name = name.strip()
    if not name:
        raise ValueError(f"The {what} is empty.")
    return checked_text(name, what)


def checked_text(text: str, what: str) -> str:
    """Return the text. Raise ValueError with a sentence if it is too long or has unprintable characters."""
    if len(text) > MAX_NAME_CHARACTERS:
        raise ValueError(f"The {what} has {len(text)} characters; {MAX_NAME_CHARACTERS} are allowed.")
    if not text.isprintable():
        raise ValueError(f"The {what} {text!r} has characters that cannot be printed.")
    return text


MAX_LIVE_KEYS = 100
MAX_NEW_KEYS, NEW_WITHIN = 200, timedelta(hours=1)
MAX_ENDED_KEYS = 100


class KeyLimits(NamedTuple):
    """Limits of an account's keys: working ones, new ones within `NEW_WITHIN`, and ended ones that are kept."""

    live: int = MAX_LIVE_KEYS
    new: int = MAX_NEW_KEYS
    ended: int = MAX_ENDED_KEYS


KEY_LIMITS: Final = KeyLimits()


class TooManyLive(NamedTuple):
    """The account has the maximum number of working keys."""

    limit: int


class TooManyNew(NamedTuple):
    """The account created the maximum number of keys within `NEW_WITHIN`."""

    wait_seconds: int


class WantedKey(NamedTuple):
    """The properties of a key to create."""

    label: str
    scopes: frozenset[KeyScope]
    expires_at: datetime | None


class KeyPage(NamedTuple):
    """A page of an account's keys, and whether more follow."""

    keys: Sequence[ApiKey]
    has_more: bool


class AccountKeys(Protocol):
    """The keys of one account. Every operation raises StoreUnavailable if the store cannot be reached."""

    async def create(
        self, account_id: str, wanted: WantedKey, limits: KeyLimits = KEY_LIMITS
    ) -> NewKey | TooManyLive | TooManyNew:
        """Create a key unless the account is at a limit, which holds for concurrent callers too."""

    async def page(self, account_id: str, size: int, after: str | None = None) -> KeyPage:
        """Return a page of keys, oldest first; it begins after the key with the id `after`."""

    async def newest(self, account_id: str, size: int, before: str | None = None) -> KeyPage:
        """Return a page of keys, newest first; it begins before the key with the id `before`."""
