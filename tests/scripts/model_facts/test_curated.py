"""What is decided by hand: it is well formed, each decision has its reason, and each is about a model."""

import tomllib
from pathlib import Path

import pytest

from pricing_data.errors import DamagedCuration
from scripts.catalogue.models_file import read_rows
from scripts.model_facts.curated import LICENCES, PATH, by_fact, read_curated

HEAD = 'recorded_at = 2026-01-02\nlitellm_editions = ["1.0"]\nsnapshots = []\n'


def curated(folder: Path, decisions: str, licences: str = "") -> Path:
    """A file with these decisions and no defaults, beside one of licences."""
    path = folder / "curated.toml"
    path.write_text(f"{HEAD}decisions = [{decisions}]\ndefaults = []\n", encoding="utf-8")
    (folder / "licences.toml").write_text(licences, encoding="utf-8")
    return path


def test_the_last_of_several_decisions_on_a_fact_counts(tmp_path: Path) -> None:
    path = curated(
        tmp_path,
        '{ author = "A", models = "x.*", context_window = 8, tools = true, source = "one" },'
        '{ author = "A", models = "x-1", context_window = 9, source = "two", day = 2025-03-04 },',
    )
    found = by_fact(read_curated(path, tmp_path / "licences.toml").decisions, "A", "x-1")
    assert {fact: (one.facts[fact], one.source, one.key) for fact, one in found.items()} == {
        "context_window": (9, "two", "d20250304"),
        "tools": (True, "one", "d20260102"),
    }


def test_a_decision_is_about_whole_names_of_one_author(tmp_path: Path) -> None:
    path = curated(tmp_path, '{ author = "A", models = "x", tools = true, source = "one" }')
    decisions = read_curated(path, tmp_path / "licences.toml").decisions
    assert [bool(by_fact(decisions, *model)) for model in (("A", "x"), ("B", "x"), ("A", "x-1"), ("A", "ax"))] == [
        True,
        False,
        False,
        False,
    ]


def test_a_licence_says_that_the_weights_are_open(tmp_path: Path) -> None:
    path = curated(tmp_path, "", '["MIT"]\n"A" = { models = "x", source = "page" }\n')
    found = by_fact(read_curated(path, tmp_path / "licences.toml").decisions, "A", "x")
    assert {fact: one.facts[fact] for fact, one in found.items()} == {"licence": "MIT", "open_weights": True}


@pytest.mark.parametrize(
    "decision",
    [
        '{ author = "A", models = "x", colour = "red", source = "one" }',
        '{ author = "A", models = "x", tools = true }',
        '{ models = "x", tools = true, source = "one" }',
        '{ author = "A", models = "(", tools = true, source = "one" }',
    ],
)
def test_a_decision_of_another_form_is_refused(tmp_path: Path, decision: str) -> None:
    path = curated(tmp_path, decision)
    with pytest.raises(DamagedCuration, match=r"curated\.toml"):
        read_curated(path, tmp_path / "licences.toml")


def test_every_decision_has_a_reason_and_every_source_an_address() -> None:
    raw = tomllib.loads(PATH.read_text(encoding="utf-8"))
    licences = tomllib.loads(LICENCES.read_text(encoding="utf-8"))
    assert [entry["models"] for entry in raw["decisions"] if not entry.get("reason")] == []
    sources = [entry["source"] for entry in (*raw["decisions"], *raw["defaults"])]
    sources += [entry["source"] for authors in licences.values() for entry in authors.values()]
    assert [source for source in sources if not source.startswith("https://")] == []


def test_every_decision_is_about_a_model_of_the_catalogue() -> None:
    rows = [(row["author"], row["name"]) for row in read_rows()]
    read = read_curated()
    idle = [one for one in (*read.decisions, *read.defaults) if not any(one.fits(*row) for row in rows)]
    assert [(one.author, one.models.pattern) for one in idle] == []
    assert [rule.models.pattern for rule in read.snapshots if not any(rule.undated(*row) for row in rows)] == []
