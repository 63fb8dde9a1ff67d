"""What the limiter needs of the store that counts for all processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from service.limits.decision import Allowance, Decision


class LimitsError(Exception):
    """Base class of the errors of this package."""


@dataclass(eq=False)
class CountersUnreachable(LimitsError):
    """The store of the shared counters gave no reply in time, or not the expected one.

    The request may have been carried out nevertheless. `refused` is set if the store replied that it does not write.
    """

    reason: str
    refused: bool = False

    def __str__(self) -> str:
        return f"The shared counters cannot be reached: {self.reason}"


class LimitRequest(NamedTuple):
    """A call to decide on. If `recorded` is set and it is admitted, it is counted; otherwise nothing changes."""

    account_id: str
    allowance: Allowance
    recorded: bool


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """The store works, but what it holds of this one account cannot be read."""

    reason: str


class UsageBooking(NamedTuple):
    """Calls of an account that were admitted without the store in `month` (YYYYMM), to be counted there.

    `batch` is its own number, higher than any sent before. The reply to `lost_batch` was never received
    (0: there is none): calls that the store did count for it are subtracted.
    """

    account_id: str
    batch: int
    calls: int
    month: int
    lost_batch: int


class RateLimitStore(Protocol):
    """The counters that all processes share. Every method raises CountersUnreachable, within a bounded time."""

    async def decide(
        self, requests: Sequence[LimitRequest], batch: int, due: Sequence[UsageBooking] = ()
    ) -> Sequence[Decision | BrokenRecord]:
        """Book what is due, then decide on the requests, in order, in one round trip.

        `batch` is higher than any number before. If this raises, the bookings stay due.
        """

    async def book(self, bookings: Sequence[UsageBooking]) -> None:
        """Count each booking exactly once, however often it is sent."""

    async def reconnect(self) -> None:
        """Prepare for the next `decide`; may take longer than one."""
