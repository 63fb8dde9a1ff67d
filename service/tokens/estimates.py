"""What an entry says of an estimate."""

from service import wire
from tokenizer_registry import Count


def estimate_entry(count: Count) -> dict[str, wire.Value]:
    """The estimator's name and the error band; both null for a count that is no estimate."""
    error = count.error
    return {
        "estimator": count.estimator,
        "estimate_error": {"low": error.low, "high": error.high, "basis": error.basis} if error else None,
    }
