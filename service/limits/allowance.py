"""How much an account may call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most so many calls in any one second, and in a calendar month (UTC)."""

    calls_per_second: int
    calls_per_month: int

    def __post_init__(self) -> None:
        if self.calls_per_second < 1:
            raise ValueError(f"calls_per_second must be at least 1, not {self.calls_per_second}")
        if self.calls_per_month < 0:
            raise ValueError(f"calls_per_month must be at least 0, not {self.calls_per_month}")
