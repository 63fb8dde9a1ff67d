"""The limiter's decision as HTTP headers."""

from functools import lru_cache

from service.limits.decision import Decision

MAX_CACHED = 1_000


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
