"""The file of facts: how statements are written, and that the committed one is what the sources give."""

import json
from datetime import date

import pytest

from pricing_data.errors import BadSource
from pricing_data.refresh.model_releases import ModelRelease
from scripts.build_facts import DIGEST, FILE, build, facts_by_model, text_of
from scripts.model_facts.curated import Curated
from scripts.model_facts.entries import MODELS_DEV, Edition, Entries, Entry
from scripts.model_facts.precedence import Statement

EDITION = Edition("m1", MODELS_DEV, "catalogue 1", date(2026, 1, 2))


def test_each_value_has_the_places_of_its_sources_and_each_source_is_written_once() -> None:
    facts = {
        "x": {
            "tools": [Statement(True, "m1 a/x")],
            "context_window": [Statement(8, "m1 a/x"), Statement(9, "l x"), Statement(8, "g a/x")],
        }
    }
    head, line = map(json.loads, text_of({"m1": ("catalogue 1", "2026-01-02")}, facts).splitlines())
    assert head["sources"] == {"m1": ["catalogue 1", "2026-01-02"]}
    assert "MIT" in head["licence"]
    assert line == {
        "model": "x",
        "entries": ["m1 a/x", "l x", "g a/x"],
        "context_window": [[8, 0, 2], [9, 1]],
        "tools": [[True, 0]],
    }


def test_models_are_in_order_of_names_and_have_their_release_day() -> None:
    entry = Entry(EDITION, "a/b", "a", "b", {"reasoning": True})
    rows = [{"author": "A", "name": name} for name in ("c", "b", "unknown")]
    releases = {"c": ModelRelease(date(2025, 3, 4), "catalogue 1 a/c")}
    entries = {"c": Entries(), "b": Entries([entry]), "unknown": Entries()}
    facts = facts_by_model(rows, entries, Curated(date(2026, 1, 2), ()), releases)
    assert list(facts) == ["b", "c"]
    assert facts["c"] == {"released": [Statement("2025-03-04", "r catalogue 1 a/c")]}
    assert facts["b"] == {"reasoning": [Statement(True, "m1 a/b")]}


def test_the_committed_file_is_what_the_sources_give() -> None:
    try:
        text, _ = build()
    except BadSource:
        pytest.skip("the packages are not here: python -m scripts.build_facts fetch")
    assert text == FILE.read_text(encoding="utf-8")
    assert DIGEST.read_text(encoding="utf-8").endswith(f"  {FILE.name}\n")
