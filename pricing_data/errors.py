"""What can go wrong with prices. Each error carries data; its text is made from that data.

PricingError
├── DamagedBook      a line of a price book breaks a rule
├── DamagedCuration  an entry of a curated file breaks a rule
└── BadSource        a pinned source file is missing, changed or unreadable
"""

from pathlib import Path


class PricingError(Exception):
    """The root of every error of this package."""


class DamagedBook(PricingError):
    """A price book that must not be used: which line, which field, and why."""

    def __init__(self, path: Path, line: int, field: str | None, reason: str) -> None:
        self.path = path
        self.line = line
        self.field = field
        self.reason = reason
        where = f"{path}, line {line}" + (f", field {field!r}" if field else "")
        super().__init__(f"{where}: {reason}")


class DamagedCuration(PricingError):
    """A curated file with an entry that breaks a rule."""

    def __init__(self, path: Path, entry: str, reason: str) -> None:
        self.path = path
        self.entry = entry
        self.reason = reason
        super().__init__(f"{path}, {entry}: {reason}")


class BadSource(PricingError):
    """A pinned source file that cannot be read as what it should be."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")
