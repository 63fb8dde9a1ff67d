"""Packages that only some estimates need, and that come with an extra of Weighbridge."""

from importlib import import_module
from typing import Any

from estimation.errors import MissingExtra

CORPORA = "corpora"
RAY = "ray"


def need(module: str, purpose: str, extra: str = CORPORA) -> Any:
    """The module. Raises MissingExtra, which names the extra that brings it."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtra(module.partition(".")[0], extra, purpose) from None
