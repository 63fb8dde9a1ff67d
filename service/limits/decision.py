"""The answers of the limiter."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from service.limits.allowance import Allowance


class Decision(NamedTuple):
    """Whether a call goes on, and what is left.

    `rate_remaining` and `quota_remaining` are None where they are not known: while the shared counters
    cannot be reached. The waits are whole seconds, rounded up, and 0 if a call is possible now.
    `decided_at_microseconds` is the store's clock, since 1970.
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
        """When to come back after a refusal: the quota's wait where both refuse. At least 1."""
        if self.refused_by == "quota":
            return max(self.quota_retry_after_seconds, 1)
        return max(self.rate_retry_after_seconds, 1)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The counters cannot be reached, and the operator wants no call to pass uncounted."""

    retry_after_seconds: int = 1
