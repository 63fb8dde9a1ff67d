"""Errors of estimates, and the faults of single texts, which are values and not exceptions.

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

from typing import Any, NamedTuple

from weighbridge_base.optional_packages import MissingPackage, import_optional


class EstimationError(Exception):
    """Base class of the errors of this package."""


class Faulty(EstimationError):
    """An input or a source that cannot be used, with the reason."""

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
    """An input that matches no file."""


class Unreadable(Faulty):
    """A source that cannot be read, or not to its end. `count_shard` catches it and lists it as a fault."""


class KeptElsewhere(EstimationError):
    """The journal of this estimate is in use by another process."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class WorkersLost(EstimationError):
    """All worker processes were killed."""

    def __init__(self, shards_left: int) -> None:
        super().__init__(shards_left)
        self.shards_left = shards_left

    def __str__(self) -> str:
        return (
            f"Every worker process was killed, with {self.shards_left:,} parts left to count; the usual reason is that "
            "memory ran out. Try fewer --workers, or a smaller --max-text."
        )


class NoAnswer(EstimationError):
    """A column that cannot be counted or priced.

    It has a single argument, because Polars builds errors again from their text.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnusableCluster(EstimationError):
    """A Ray cluster that cannot be reached, or that fails."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return f"The Ray cluster {self.address} cannot be used: {self.reason}"


class TextFault(NamedTuple):
    """A text that was not counted or, if `place` is None, the rest of a source. The reason says what to do."""

    source: str
    place: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.source}{f', {self.place}' if self.place else ''}: {self.reason}"


NOT_UTF8 = "it is not valid UTF-8; convert it, as with iconv, or name its --encoding."
NOT_UTF8_ROW = "it is not valid UTF-8, as strings of Parquet have to be; write the file again with valid texts."
SURROGATE = "it has a lone surrogate, which no valid text contains."


def line_too_long(size: int | None, limit: int) -> str:
    """Return why a line is not read. Sizes are in bytes; `size` is None if the line was not read to its end."""
    size_text = "" if size is None else f" of {size:,} bytes"
    return (
        f"a line{size_text} is over {limit:,} bytes, the most that --max-text leaves to a line. "
        "Split its text, or raise --max-text."
    )


def text_too_long(size: int, limit: int) -> str:
    """Return why a text is not counted. Sizes are in bytes."""
    return (
        f"a text of {size:,} bytes is over --max-text ({limit:,}): no model takes so much in one call. "
        "Split it, read it with --format lines, or raise --max-text."
    )


CORPORA_EXTRA = "corpora"
RAY_EXTRA = "ray"


def import_extra(module: str, purpose: str, extra: str = CORPORA_EXTRA) -> Any:
    """Import a module that comes with an extra and return it. Raise MissingExtra."""
    return import_optional(module, extra, purpose, MissingExtra)
