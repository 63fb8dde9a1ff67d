"""Prepaid credit as values, and what is asked of the store that keeps it.

A call holds the most it can cost before the upstream is asked, and closes the hold once: settled with
a charge, or void. A hold is a lease: its owner renews it with each checkpoint, and one that is not
renewed is closed by the sweeper. All amounts are whole micro-rupees; every datetime is aware, in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from service.auth.accounts import Account
from service.billing.money import Tokens


class HoldState(StrEnum):
    """Where a hold stands. From OPEN it goes to one of the others, and stays there."""

    OPEN = "open"
    SETTLED = "settled"
    VOID = "void"


class Balance(NamedTuple):
    """An account's money: `posted` is paid in and not charged, `held` is the part that open calls have set aside."""

    posted: int
    held: int

    @property
    def available(self) -> int:
        """What a new call may hold."""
        return self.posted - self.held


class NewHold(NamedTuple):
    """What a call asks for. `id` names the call for ever; `most_open` bounds the open calls of its key."""

    id: str
    trace_id: str
    account_id: str
    key_id: str
    amount: int
    streamed: bool
    expires_at: datetime
    most_open: int | None = None


class Claim(NamedTuple):
    """An idempotency key of a caller, and the digest of the body that it was first sent with."""

    key_id: str
    digest: str
    body_digest: str
    expires_at: datetime


class StoredAnswer(NamedTuple):
    """A reply kept for a repeated call: 200, these headers, this body."""

    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    content_type: bytes


class KnownClaim(NamedTuple):
    """What an idempotency key was used for. Without an answer the call is open, or its answer is lost."""

    body_digest: str
    hold_id: str
    state: HoldState
    closed_at: datetime | None
    answer: StoredAnswer | None


class Held(NamedTuple):
    """The money is set aside."""

    balance: Balance
    key_spent: int


class Insufficient(NamedTuple):
    """It does not suffice; nothing was changed."""

    balance: Balance


class TooManyOpen(NamedTuple):
    """The key has as many open calls as it may have; nothing was changed."""

    limit: int


class ClaimTaken(NamedTuple):
    """Another call has the idempotency key; nothing was changed."""


HoldOutcome = Held | Insufficient | TooManyOpen | ClaimTaken


class Charge(NamedTuple):
    """How a hold is settled. `overrun` is what the upstream reported beyond the hold: the house bears it.

    `usage_fault` names what makes no sense in what it reported.
    """

    tokens: Tokens
    cost: int
    outcome: str
    estimated: bool = False
    overrun: int = 0
    usage_fault: str | None = None


class Call(NamedTuple):
    """A hold as it is recorded: what was charged once it is settled, or where its checkpoint stands."""

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
    """A hold that is closed, by this or an earlier request, and the money as it is now."""

    call: Call
    balance: Balance
    key_spent: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of money, from the account `debit` to the account `credit` of the books."""

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
    """Where credit is kept. Every operation raises StoreUnavailable if it cannot be reached."""

    async def hold(self, new: NewHold, claim: Claim | None = None) -> HoldOutcome:
        """Set money aside, all or nothing. An account that never had credit gets its welcome first."""

    async def renew(self, hold_id: str, expires_at: datetime, noted: Charge | None = None) -> bool:
        """Renew an open hold; `noted` is what it would be charged now, its checkpoint. False if it is closed."""

    async def settle(self, hold_id: str, charge: Charge) -> Closed:
        """Charge an open hold and release the rest. A closed one stays as it is."""

    async def keep(self, hold_id: str, answer: StoredAnswer) -> None:
        """Keep the answer of a call that has a claim, for its repetitions."""

    async def void(self, hold_id: str, outcome: str) -> Closed:
        """Release an open hold without a charge. A closed one stays as it is."""

    async def sweep(self, most: int = 100) -> list[Call]:
        """Close holds whose time is over: at their checkpoint, or void without one."""

    async def find_claim(self, key_id: str, digest: str) -> KnownClaim | None:
        """What this idempotency key was used for."""


class Statements(Protocol):
    """What may be read of the ledger. Every operation raises StoreUnavailable."""

    async def balance(self, account_id: str) -> Balance | None:
        """An account's balance; None if it never had one."""

    async def calls(self, key_id: str, most: int, before: str | None = None) -> list[Call]:
        """A key's calls, newest first: those before the call `before`, or the newest."""

    async def account_calls(self, account_id: str, most: int, before: str | None = None) -> list[Call]:
        """The same of all keys of an account."""

    async def find_account_calls(self, account_id: str, reference: str) -> list[Call]:
        """The calls of an account that an id, or a trace id, means."""

    async def find_calls(self, key_id: str, reference: str) -> list[Call]:
        """The calls of a key that an id, or a trace id, means."""


class Books(Statements, Protocol):
    """What an operator reads and writes. Every operation raises StoreUnavailable."""

    async def find_account(self, reference: str) -> Account | None:
        """The account of that id or name."""

    async def grant(self, account_id: str, amount: int, reference: str, reason: str) -> Balance:
        """Pay in, once for each reference."""

    async def balances(self) -> list[tuple[Account, Balance]]:
        """Every account by name, with its balance."""

    async def entries(self, account_id: str, key_id: str | None = None) -> list[Entry]:
        """The entries that concern an account, or one of its keys, oldest first."""
