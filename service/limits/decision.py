"""What an account may use, the limiter's answer to a call, and the HTTP headers with it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

MAX_CACHED = 1_000


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


def limit_headers(decision: Decision) -> list[tuple[bytes, bytes]]:
    """Return the headers that every authenticated reply carries, and Retry-After on a refusal.

    A number that is unknown is left out.
    """
    allowance = decision.allowance
    headers = [
        *_totals(allowance.calls_per_second, allowance.calls_per_month),
        *_waits(decision.rate_retry_after_seconds, decision.quota_retry_after_seconds),
    ]
    if decision.rate_remaining is not None:
        headers.append((b"x-rate-limit-remaining-calls", b"%d" % decision.rate_remaining))
    if decision.quota_remaining is not None:
        headers.append((b"x-quota-limit-remaining-calls", b"%d" % decision.quota_remaining))
    if not decision.admitted:
        headers.append((b"retry-after", b"%d" % decision.retry_after_seconds))
    return headers


@lru_cache(MAX_CACHED)
def _totals(calls_per_second: int, calls_per_month: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that depend on the allowance alone."""
    return (
        (b"x-rate-limit-total-calls", b"%d" % calls_per_second),
        (b"x-quota-limit-total-calls", b"%d" % calls_per_month),
    )


@lru_cache(MAX_CACHED)
def _waits(rate_seconds: int, quota_seconds: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of the waits, which are both 0 for almost every call."""
    return (
        (b"x-rate-limit-retry-after", b"%d" % rate_seconds),
        (b"x-quota-limit-retry-after", b"%d" % quota_seconds),
    )
