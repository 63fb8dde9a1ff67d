"""Packages that only some estimates need, and that come with an extra of Weighbridge."""

from typing import Any

from estimation.errors import MissingExtra
from weighbridge_base.optional_packages import import_optional

CORPORA = "corpora"
RAY = "ray"


def need(module: str, purpose: str, extra: str = CORPORA) -> Any:
    """Import a module that comes with an extra and return it. Raise MissingExtra."""
    return import_optional(module, extra, purpose, MissingExtra)
