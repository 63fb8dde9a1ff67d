"""Prepaid credit: its values, and the protocols of the ledger that keeps it.

A call holds the most that it can cost before the request is sent to the upstream, and closes the hold once: settled
with a charge, or void. A hold is a lease: its owner renews it with each checkpoint, and the sweeper closes one that is
not renewed. All amounts are whole micro-rupees; every datetime is aware, in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from service.auth.accounts import Account
from service.billing.money import Tokens


class HoldState(StrEnum):
    """The state of a hold. From OPEN it changes once, to one of the others."""

    OPEN = "open"
    SETTLED = "settled"
    VOID = "void"


class Balance(NamedTuple):
    """An account's money: `posted` is paid in and not charged, `held` is the part of it that open calls hold."""

    posted: int
    held: int

    @property
    def available(self) -> int:
        """The amount that a new call may hold."""
        return self.posted - self.held


class NewHold(NamedTuple):
    """A hold to be opened. `id` becomes the id of the call; `most_open` is the maximum of open calls of its key."""

    id: str
    trace_id: str
    account_id: str
    key_id: str
    amount: int
    streamed: bool
    expires_at: datetime
    most_open: int | None = None


class Claim(NamedTuple):
    """A caller's use of an idempotency key: digests of the key and of the body that it was first sent with."""

    key_id: str
    digest: str
    body_digest: str
    expires_at: datetime


class StoredAnswer(NamedTuple):
    """The reply with status 200 that a repeated call gets."""

    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    content_type: bytes


class KnownClaim(NamedTuple):
    """The call that an idempotency key was used for. Without an answer it is open, or its answer is lost."""

    body_digest: str
    hold_id: str
    state: HoldState
    closed_at: datetime | None
    answer: StoredAnswer | None


class Held(NamedTuple):
    """The hold is open: the money is set aside. `key_spent` is the sum of the key's charges."""

    balance: Balance
    key_spent: int


class Insufficient(NamedTuple):
    """The balance is too small for the hold; nothing was changed."""

    balance: Balance


class TooManyOpen(NamedTuple):
    """The key has its maximum of open calls; nothing was changed."""

    limit: int


class ClaimTaken(NamedTuple):
    """Another call has the idempotency key; nothing was changed."""


HoldOutcome = Held | Insufficient | TooManyOpen | ClaimTaken


class Charge(NamedTuple):
    """What a hold is settled with. `overrun` is usage beyond the hold, which the operator pays for.

    `usage_fault` names what is impossible in the usage that the upstream reported.
    """

    tokens: Tokens
    cost: int
    outcome: str
    estimated: bool = False
    overrun: int = 0
    usage_fault: str | None = None


class CallRecord(NamedTuple):
    """A hold as recorded. Tokens and cost are those of the charge, or while it is open those of the last checkpoint."""

    id: str
    trace_id: str
    account_id: str
    key_id: str
    state: HoldState
    amount: int
    tokens: Tokens
    cost: int
    estimated: bool
    streamed: bool
    outcome: str | None
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    usage_fault: str | None = None


class Closed(NamedTuple):
    """A hold that was closed, now or earlier, with the balance and the sum of the key's charges after that."""

    call: CallRecord
    balance: Balance
    key_spent: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of the books: it moves `amount` from the side `debit` to the side `credit`."""

    id: int
    at: datetime
    kind: str
    reference: str
    account_id: str
    key_id: str | None
    debit: str
    credit: str
    amount: int
    reason: str


class Ledger(Protocol):
    """Holds and charges. Every operation raises StoreUnavailable if the database cannot be used."""

    async def hold(self, new: NewHold, claim: Claim | None = None) -> HoldOutcome:
        """Set money aside, all or nothing. An account that never had credit gets its welcome credit first."""

    async def renew(self, hold_id: str, expires_at: datetime, noted: Charge | None = None) -> bool:
        """Renew an open hold; `noted` is its checkpoint, what it would be charged now. Return False if it is closed."""

    async def settle(self, hold_id: str, charge: Charge) -> Closed:
        """Charge an open hold and release the rest. A closed one stays as it is."""

    async def keep(self, hold_id: str, answer: StoredAnswer) -> None:
        """Keep the answer of a call that has a claim, for its repetitions."""

    async def void(self, hold_id: str, outcome: str) -> Closed:
        """Release an open hold without a charge. A closed one stays as it is."""

    async def sweep(self, most: int = 100) -> list[CallRecord]:
        """Close up to `most` holds whose lease is over, at their checkpoint, or void without one; return them."""

    async def find_claim(self, key_id: str, digest: str) -> KnownClaim | None:
        """Return what an idempotency key was used for, or None."""


class Statements(Protocol):
    """What callers may read of the ledger. Every operation raises StoreUnavailable."""

    async def balance(self, account_id: str) -> Balance | None:
        """Return an account's balance, or None if it never had one."""

    async def calls(self, key_id: str, most: int, before: str | None = None) -> list[CallRecord]:
        """Return a key's `most` newest calls, or those just before the call `before`, newest first."""

    async def account_calls(self, account_id: str, most: int, before: str | None = None) -> list[CallRecord]:
        """Return the same for all keys of an account."""

    async def find_account_calls(self, account_id: str, reference: str) -> list[CallRecord]:
        """Return an account's calls with this id or trace id."""

    async def find_calls(self, key_id: str, reference: str) -> list[CallRecord]:
        """Return a key's calls with this id or trace id."""


class Books(Statements, Protocol):
    """What an operator may read and write. Every operation raises StoreUnavailable."""

    async def find_account(self, reference: str) -> Account | None:
        """Return the account with this id or name, or None."""

    async def grant(self, account_id: str, amount: int, reference: str, reason: str) -> Balance:
        """Pay in, once for each reference, and return the balance."""

    async def balances(self) -> list[tuple[Account, Balance]]:
        """Return all accounts by name, with their balances."""

    async def entries(self, account_id: str, key_id: str | None = None) -> list[LedgerEntry]:
        """Return the entries of an account, or of one of its keys, oldest first."""
