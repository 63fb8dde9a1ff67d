"""A decision as HTTP headers."""

from service.limits.decision import Decision


def limit_headers(decision: Decision) -> list[tuple[bytes, bytes]]:
    """The headers that every authenticated reply carries, and Retry-After on a refusal.

    A number that nobody knows is left out.
    """
    allowance = decision.allowance
    headers = [
        (b"x-rate-limit-total-calls", b"%d" % allowance.calls_per_second),
        (b"x-rate-limit-retry-after", b"%d" % decision.rate_retry_after_seconds),
        (b"x-quota-limit-total-calls", b"%d" % allowance.calls_per_month),
        (b"x-quota-limit-retry-after", b"%d" % decision.quota_retry_after_seconds),
    ]
    if decision.rate_remaining is not None:
        headers.append((b"x-rate-limit-remaining-calls", b"%d" % decision.rate_remaining))
    if decision.quota_remaining is not None:
        headers.append((b"x-quota-limit-remaining-calls", b"%d" % decision.quota_remaining))
    if not decision.admitted:
        headers.append((b"retry-after", b"%d" % decision.retry_after_seconds))
    return headers
