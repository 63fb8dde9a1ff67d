"""What the limiter asks of the counters that all processes share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from service.limits.decision import Allowance, Decision


class LimitsError(Exception):
    """Anything that goes wrong with limits."""


@dataclass(eq=False)
class CountersUnreachable(LimitsError):
    """The shared counters gave no answer in time, or not the promised one.

    What was asked may have been carried out nevertheless. `refused` is set if they answered that they do not write.
    """

    reason: str
    refused: bool = False

    def __str__(self) -> str:
        return f"The shared counters cannot be reached: {self.reason}"


class Call(NamedTuple):
    """One question. With `recorded` an admitted call counts; without, nothing changes."""

    account_id: str
    allowance: Allowance
    recorded: bool


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """The counters work, but what they hold of this one account cannot be read."""

    reason: str


class Settlement(NamedTuple):
    """Calls of an account that were admitted without the counters in `month` (YYYYMM).

    `batch` is its own number, higher than any sent before. The reply to `lost_batch` never came
    (0: there is none): calls that it did record are taken off again.
    """

    account_id: str
    batch: int
    calls: int
    month: int
    lost_batch: int


class Counters(Protocol):
    """Counters shared by all processes. Every method raises CountersUnreachable, and soon."""

    async def decide(
        self, calls: Sequence[Call], batch: int, due: Sequence[Settlement] = ()
    ) -> Sequence[Decision | BrokenRecord]:
        """Settle what is due, then decide on the calls, in order, in one round trip.

        `batch` is higher than any number before. If this raises, the settlements stay due.
        """

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Book each settlement exactly once, however often it is sent."""

    async def reconnect(self) -> None:
        """Get ready for the next `decide`; may take longer than one."""
