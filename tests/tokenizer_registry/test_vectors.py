"""Counts of many texts by the owners' libraries on the owners' original files, recorded with their origin."""

import json
from functools import cache
from typing import Any

import pytest

from tests.hostile_inputs import DATA
from tests.tokenizer_registry.shipped import shipped_names, shipped_specs
from tokenizer_registry.registry import Registry


@cache
def texts() -> list[str]:
    """Return texts of scripts, digits, white space, code, markup, emoji and control characters."""
    found: list[str] = json.loads((DATA / "vocabulary_texts.json").read_text(encoding="utf-8"))
    return found


@cache
def vectors() -> dict[str, dict[str, Any]]:
    """Return origin, library and counts of each vocabulary."""
    found: dict[str, dict[str, Any]] = json.loads((DATA / "vocabulary_vectors.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", shipped_names())
def test_counts_are_the_owners(registry: Registry, name: str) -> None:
    """Every text has as many tokens as the owner's library finds with the owner's file."""
    vocabulary, expected = registry.vocabulary(name), vectors()[name]["counts"]
    found = [vocabulary.count(text) for text in texts()]
    different = [
        (text, ours, owners) for text, ours, owners in zip(texts(), found, expected, strict=True) if ours != owners
    ]
    assert different == []


def test_there_are_enough_texts_of_every_vocabulary() -> None:
    """There are at least 40 different texts, and every vocabulary has a vector and its file's digest."""
    assert len(set(texts())) == len(texts()) >= 40
    assert set(vectors()) == set(shipped_names())
    for spec in shipped_specs():
        assert vectors()[spec.name]["origin"].endswith(f"sha256 {spec.source.sha256}")
