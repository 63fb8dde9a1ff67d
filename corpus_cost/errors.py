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


class TextFault(NamedTuple):
    """One text, or where `place` is None all that is left of a source. The reason is a sentence with the next step."""

    source: str
    place: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.source}{f', {self.place}' if self.place else ''}: {self.reason}"


NOT_UTF8 = "it is not valid UTF-8; convert it, as with iconv, or name its --encoding."
SURROGATE = "it has a lone surrogate, which no valid text contains."


def line_too_long(size: int | None, limit: int) -> str:
    """The reason for which a line is not read. Sizes in bytes; None if only its beginning was looked at."""
    size_text = "" if size is None else f" of {size:,} bytes"
    return (
        f"a line{size_text} is over {limit:,} bytes, the most that --max-text leaves to a line. "
        "Split its text, or raise --max-text."
    )


def text_too_long(size: int, limit: int) -> str:
    """The reason for which a text is not counted. Sizes in bytes."""
    return (
        f"a text of {size:,} bytes is over --max-text ({limit:,}): no model takes so much in one call. "
        "Split it, read it with --format lines, or raise --max-text."
    )


CORPORA_EXTRA = "corpora"
RAY_EXTRA = "ray"


def import_extra(module: str, purpose: str, extra: str = CORPORA_EXTRA) -> Any:
    """Import a module that comes with an extra and return it. Raise MissingExtra."""
    return import_optional(module, extra, purpose, MissingExtra)
