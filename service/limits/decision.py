"""What an account may use, and the limiter's answer to a call."""

from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class Allowance:
    """The calls that an account may make in any one second, and in a calendar month (UTC)."""

    calls_per_second: int
    calls_per_month: int

    def __post_init__(self) -> None:
        if self.calls_per_second < 1:
            raise ValueError(f"calls_per_second must be at least 1, not {self.calls_per_second}")
        if self.calls_per_month < 0:
            raise ValueError(f"calls_per_month must be at least 0, not {self.calls_per_month}")


class Decision(NamedTuple):
    """Whether a call goes on, and what is left.

    `rate_remaining` and `quota_remaining` are None where they are unknown: while the shared counters
    cannot be reached. The waits are whole seconds, rounded up, and 0 if a call is possible now.
    `decided_at_microseconds` is an instant of the store's clock, since 1970.
    """

    admitted: bool
    refused_by: Literal["rate", "quota"] | None
    allowance: Allowance
    rate_remaining: int | None
    rate_retry_after_seconds: int
    quota_remaining: int | None
    quota_retry_after_seconds: int
    decided_at_microseconds: int

    @property
    def retry_after_seconds(self) -> int:
        """The seconds to wait after a refusal, at least 1; if both limits refuse, those of the quota."""
        if self.refused_by == "quota":
            return max(self.quota_retry_after_seconds, 1)
        return max(self.rate_retry_after_seconds, 1)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The counters cannot be reached, and the operator lets no call pass uncounted."""

    retry_after_seconds: int = 1
