"""What can go wrong with prices. Each error carries data; its text is made from that data.

PricingError
├── DamagedBook      a line of a price book breaks a rule
├── DamagedCuration  an entry of a curated file breaks a rule
├── BadPricesFile    a file of cited prices has faults
├── OlderSource      a source is older than the one that the book was last made from
├── UnpricedUsage    a call that the book cannot price
├── UnusableUsageFile  a file of usage that cannot be read or written as asked
├── BadSource        a pinned source file is missing, changed or unreadable
└── SourcesMissing   a refresh lacks a source
"""

import json
from pathlib import Path
from typing import Any


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


class SourcesMissing(PricingError):
    """A refresh for which not every source is there. The message is for a person."""


class BadPricesFile(PricingError):
    """A file of cited prices that cannot be used; `faults` has one sentence for each fault."""

    def __init__(self, path: Path, faults: tuple[str, ...]) -> None:
        self.path = path
        self.faults = faults
        super().__init__(f"{path} has {len(faults)} fault(s):\n" + "\n".join(f"  {fault}" for fault in faults))


class OlderSource(PricingError):
    """A source file that is older than the one that the book was last made from."""

    def __init__(self, package: str, version: str, stored: str) -> None:
        self.package = package
        self.version = version
        self.stored = stored
        super().__init__(f"{package} {version} is older than {package} {stored}, which the book was last made from.")


class UnpricedUsage(PricingError):
    """A call that the book cannot price; the cost is unknown, which is never zero."""

    def __init__(self, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(f"{model}: {reason}")


class UnusableUsageFile(PricingError):
    """A file of usage that cannot be read or written as asked."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path.name}: {reason}")


MAX_SHOWN_CHARACTERS = 80


class BadUsage(PricingError):
    """A usage, a response or its terms that cannot be read: `property` is at fault, `reason` says why."""

    def __init__(self, property_path: str, reason: str) -> None:
        self.property = property_path
        self.reason = reason
        super().__init__(f"{property_path}: {reason}")


class UnpricedProperty(BadUsage):
    """A property that can be read, but for which no price is known: the cost of the whole is unknown."""


def shown(value: Any) -> str:
    """Return a value as it may stand in a sentence: on one line, escaped, cut after 80 characters."""
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        return json.dumps(value[:MAX_SHOWN_CHARACTERS]) + ("…" if len(value) > MAX_SHOWN_CHARACTERS else "")
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)[:MAX_SHOWN_CHARACTERS]
