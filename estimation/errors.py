"""What can go wrong with an estimate. What a single document or file does wrong is a Fault, a value, not an exception.

EstimationError
├── MissingExtra(package, extra, purpose)
├── Faulty(name, reason)
│   ├── NothingFound
│   └── Unreadable
├── KeptElsewhere(reason)
├── WorkersLost(shards_left)
├── NoAnswer(reason)
└── UnusableCluster(address, reason)
"""

from weighbridge_base.optional_packages import MissingPackage


class EstimationError(Exception):
    """Root of everything that this package raises on purpose."""


class Faulty(EstimationError):
    """Something with a name that is of no use, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class MissingExtra(MissingPackage, EstimationError):
    """A package is needed that comes with an extra of Weighbridge."""

    def __str__(self) -> str:
        return f"{super().__str__()}."


class NothingFound(Faulty):
    """An input that names no file."""


class Unreadable(Faulty):
    """A source that cannot be read, or not any further. Caught where shards are counted, and listed."""


class KeptElsewhere(EstimationError):
    """There is no kept run to go on with."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class WorkersLost(EstimationError):
    """Every worker process has ended before its time."""

    def __init__(self, shards_left: int) -> None:
        super().__init__(shards_left)
        self.shards_left = shards_left

    def __str__(self) -> str:
        return (
            f"Every worker process was killed, with {self.shards_left:,} parts left to count; the usual reason is that "
            "memory ran out. Try fewer --workers, or a smaller --max-text."
        )


class NoAnswer(EstimationError):
    """A column that cannot be counted or priced. It has one value: Polars makes errors anew from their text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnusableCluster(EstimationError):
    """A Ray cluster that cannot be reached, or does not do what it should."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return f"The Ray cluster {self.address} cannot be used: {self.reason}"
