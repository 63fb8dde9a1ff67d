"""Decisions as HTTP headers."""

from service.auth.policy import limit_headers
from service.limits import Allowance, Decision

ADMITTED = Decision(
    admitted=True,
    refused_by=None,
    allowance=Allowance(10, 5000),
    rate_remaining=7,
    rate_retry_after_seconds=0,
    quota_remaining=4990,
    quota_retry_after_seconds=0,
    decided_at_microseconds=1_795_301_917_891_088,
)


def headers(decision: Decision) -> dict[str, str]:
    """The headers as text; each stands there once."""
    pairs = limit_headers(decision)
    assert len(pairs) == len(dict(pairs))
    return {name.decode(): value.decode() for name, value in pairs}


def test_admitted_call_tells_what_is_left() -> None:
    """A reply to an admitted call carries both limits, what is left of them, zero waits, and no Retry-After."""
    assert headers(ADMITTED) == {
        "x-rate-limit-total-calls": "10",
        "x-rate-limit-remaining-calls": "7",
        "x-rate-limit-retry-after": "0",
        "x-quota-limit-total-calls": "5000",
        "x-quota-limit-remaining-calls": "4990",
        "x-quota-limit-retry-after": "0",
    }


def test_refusal_by_the_rate_says_when_to_come_back() -> None:
    """A call refused by the rate is told the rate's wait, twice."""
    refused = ADMITTED._replace(admitted=False, refused_by="rate", rate_remaining=0, rate_retry_after_seconds=1)
    told = headers(refused)
    assert (told["x-rate-limit-retry-after"], told["retry-after"]) == ("1", "1")
    assert told["x-quota-limit-retry-after"] == "0"


def test_refusal_by_the_quota_tells_the_quotas_wait() -> None:
    """Where both refuse, Retry-After is the quota's, and each limit's own wait stands in its own header."""
    refused = ADMITTED._replace(
        admitted=False,
        refused_by="quota",
        rate_remaining=0,
        rate_retry_after_seconds=1,
        quota_remaining=0,
        quota_retry_after_seconds=777_600,
    )
    told = headers(refused)
    assert told["retry-after"] == told["x-quota-limit-retry-after"] == "777600"
    assert told["x-rate-limit-retry-after"] == "1"


def test_retry_after_is_at_least_one() -> None:
    """Nobody who was refused is told to come back after zero seconds."""
    refused = ADMITTED._replace(admitted=False, refused_by="rate")
    assert headers(refused)["retry-after"] == "1"


def test_unknown_numbers_are_left_out() -> None:
    """What nobody knows while the store is away is not made up."""
    told = headers(ADMITTED._replace(rate_remaining=None, quota_remaining=None))
    assert "x-rate-limit-remaining-calls" not in told
    assert "x-quota-limit-remaining-calls" not in told
    assert told["x-quota-limit-total-calls"] == "5000"
