"""Packages that are installed only with an extra of Weighbridge, imported where they are needed."""

from importlib import import_module
from typing import Any


class MissingPackage(Exception):
    """A package is needed that comes with an extra. `purpose` names the feature that needs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(package, extra, purpose)
        self.package = package
        self.extra = extra
        self.purpose = purpose

    def __str__(self) -> str:
        return f"{self.purpose} needs {self.package}: {install_command(self.extra)}"


def install_command(extra: str) -> str:
    """Return the shell command that installs an extra."""
    return f"pip install 'weighbridge[{extra}]'"


def import_optional(module: str, extra: str, purpose: str, missing: type[MissingPackage] = MissingPackage) -> Any:
    """Import a module and return it. Raise `missing` if its package is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise missing(module.partition(".")[0], extra, purpose) from None
