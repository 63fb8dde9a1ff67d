"""Recorded calls beside the checkout, and the shipped models with exact names."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tokenizer_registry.chat.check import Comparison, compare
from tokenizer_registry.chat.logs import read_log
from tokenizer_registry.registry import Registry

ROOT = Path(__file__).parents[3]
# Beside the checkout, or beside the folder in which it is a worktree.
PLACES = [beside / "shared" / "calls" / "recorded.jsonl" for beside in (ROOT.parent, ROOT.parents[1])]
RECORDED = next((place for place in PLACES if place.exists()), PLACES[0])


def need_recorded() -> Path:
    """Return the log, or skip the test and say so."""
    if not RECORDED.exists():
        pytest.skip("There is no shared/calls/recorded.jsonl beside the checkout.")
    return RECORDED


def recorded_rows() -> Iterator[dict[str, Any]]:
    """Return the rows of the log as they are."""
    with need_recorded().open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@cache
def package_registry() -> Registry:
    """Return the registry with the models and engines that the service uses."""
    return Registry.from_package()


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Return each recorded call that can be counted from its request alone, beside our count."""
    return tuple(compare(package_registry(), read_log(need_recorded())))
