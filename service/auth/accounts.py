"""Accounts and their keys as values, and what is asked of the store that keeps them.

Every datetime is aware, in UTC. Nothing here knows a secret except `NewKey`, which is shown once.
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
    """Why a key is not accepted. Callers see one apart only: MALFORMED, on the gateway."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Account:
    """Who is limited and who pays. An allowance of None means the service's default."""

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
        """`atms_sk_...wXyZ`."""
        return f"{self.prefix}...{self.last_four}"

    def refusal(self, now: datetime) -> KeyRefusal | None:
        """Why this key is refused at `now`, or None. It is refused from the instant of its expiry on."""
        if self.revoked_at is not None:
            return KeyRefusal.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyRefusal.EXPIRED
        return None


class NewKey(NamedTuple):
    """A key just made, with its secret, which is stored nowhere."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"NewKey(key={self.key!r}, secret=<hidden>)"


class StoredKey(NamedTuple):
    """A key and the digest of its secret, by which caches know it."""

    key: ApiKey
    digest: str


class RotatedKey(NamedTuple):
    """A key that took the place of another, and that other, which ends with the overlap."""

    new: NewKey
    old: StoredKey


class Principal(NamedTuple):
    """Who is calling, and what they may do. An allowance of None means the service's default."""

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
    """Where accounts and keys are kept. Every operation raises StoreUnavailable if it cannot be reached."""

    async def create_account(self, name: str) -> Account | None:
        """A new account, or None if the name is taken. Raises ValueError for a name that cannot be one."""

    async def get_or_create_account(self, name: str) -> Account:
        """The account of that name, made if there is none; callers in a race all get the same one."""

    async def set_allowance(
        self, account_id: str, calls_per_second: int | None, calls_per_month: int | None
    ) -> Account | None:
        """Set what is not None; answers the account, or None if there is none of that id."""

    async def clear_allowance(self, account_id: str) -> None:
        """Back to the service's defaults."""

    async def list_accounts(self) -> list[Account]:
        """All accounts, by name."""

    async def find_account(self, name: str) -> Account | None:
        """The account of that name."""

    async def welcome(self, account: Account) -> int:
        """Give an account that never had credit its welcome credit; return it in micro-rupees, 0 for all others."""

    async def create_key(
        self,
        account: Account,
        label: str = "",
        scopes: frozenset[KeyScope] = ALL_SCOPES,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """A new key. Its secret cannot be had again."""

    async def list_keys(self, account_name: str | None = None) -> list[ApiKey]:
        """All keys, or one account's: by account name, then in order of creation."""

    async def find_keys(self, reference: str) -> list[ApiKey]:
        """The keys that an id, a shown form (`atms_sk_...wXyZ`) or a whole secret may mean."""

    async def revoke_key(self, key_id: str) -> StoredKey | None:
        """Revoke for good. The first revocation's time stays; None if there is no key of that id."""

    async def rotate_key(self, key_id: str, overlap: timedelta) -> RotatedKey | None:
        """A new key like the one of that id, which ends after `overlap`, if it does not before.

        A key that was to live for some time is followed by one that lives as long. None if there is no
        key of that id that still works.
        """

    async def find_by_digest(self, digests: Sequence[str]) -> StoredKey | None:
        """The key stored under one of these digests of one secret."""

    async def touch_last_used(self, used_at: Mapping[str, datetime]) -> None:
        """Note when keys, by id, were used; a note within a minute of the one before is dropped."""

    async def pepper_ids_in_use(self) -> frozenset[str]:
        """The peppers under which keys that are not revoked are stored."""


def checked_name(name: str, what: str = "account name") -> str:
    """The name without surrounding space. Raises ValueError with a sentence if it cannot be a name."""
    name = name.strip()
    if not name:
        raise ValueError(f"The {what} is empty.")
    return checked_text(name, what)


def checked_text(text: str, what: str) -> str:
    """The text itself. Raises ValueError with a sentence if it is too long or has unprintable characters."""
    if len(text) > MAX_NAME_CHARACTERS:
        raise ValueError(f"The {what} has {len(text)} characters; {MAX_NAME_CHARACTERS} are allowed.")
    if not text.isprintable():
        raise ValueError(f"The {what} {text!r} has characters that cannot be printed.")
    return text


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
    scopes: frozenset[KeyScope]
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
