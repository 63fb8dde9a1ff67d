"""The shipped templates are those that were pinned, and every rule has its template."""

import hashlib
import tomllib
from pathlib import Path

import pytest

import tokenizer_registry
from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.building.sources import read_sources
from tokenizer_registry.building.template_sources import read_template_sources
from tokenizer_registry.chat.open_weights.shipped import shipped_templates
from tokenizer_registry.chat.rules import find_band, generations

PACKAGE = Path(tokenizer_registry.__file__).parent
TEMPLATES = PACKAGE / "templates"
RULES = tomllib.loads((PACKAGE / "chat" / "open_weights.toml").read_text(encoding="utf-8"))
ROWS = tomllib.loads((TEMPLATES / "templates.toml").read_text(encoding="utf-8"))["template"]


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_each_text_has_its_digest_and_its_terms(row: dict[str, object]) -> None:
    """As template_sources.toml pins them, with the files of the licence."""
    content = (TEMPLATES / str(row["file"])).read_bytes()
    origin = next(each for each in read_template_sources().templates if each.name == row["name"])
    assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert (row["sha256"] == origin.sha256) == (not origin.edit)
    assert row["is_edited"] or not origin.edit
    assert len(content) == row["bytes"]
    licence = row["licence"]
    assert isinstance(licence, dict)
    assert licence["class"] in {"free", "conditional"}
    assert licence["files"]
    assert all((PACKAGE / "vocabularies" / "LICENSES" / name).exists() for name in licence["files"])


def test_nothing_else_is_in_the_folder() -> None:
    """Each file has a row, each row a file, and each package is pinned."""
    assert {path.name for path in TEMPLATES.glob("*.jinja")} == {row["file"] for row in ROWS}
    assert {row["source"]["package"] for row in ROWS} <= set(read_sources().packages)


def test_rules_name_shipped_templates_and_all_are_named() -> None:
    """No rule without its text, no text that nothing renders."""
    named = {rule["values"]["template"] for rule in RULES["rule"] if rule["name"].startswith("open-template")}
    assert named == set(shipped_templates())


def test_generations_have_models_with_vocabularies() -> None:
    """Every generation of open weights has at least one model of the catalogue that can be counted."""
    registry = package_registry()
    countable = {name for name, model in registry.models.items() if model.vocabulary in registry.vocabularies}
    names = {generation.name for generation in generations().values() if generation.family == "open"}
    counted = {
        generation.name
        for model in countable
        for name, generation in generations().items()
        if generation.family == "open" and (model == name or model.startswith(f"{name}-"))
    }
    assert names - counted <= {"mistral-v15"}


@pytest.mark.parametrize("template", shipped_templates().values(), ids=list(shipped_templates()))
def test_control_tokens_are_distinct_and_begin_no_other_way_than_they_end(template: object) -> None:
    """Begin and end of sentence are control tokens of their own list."""
    found = next(each for each in shipped_templates().values() if each is template)
    assert len(set(found.controls.tokens)) == len(found.controls.tokens)
    assert {found.bos, found.eos} - {""} <= set(found.controls.tokens)


def test_rules_name_known_generations_and_bands() -> None:
    """What a rule doubts has a band, or is said to be unknown; each day has one rule of a name."""
    names = {generation.name for generation in generations().values()}
    for rule in RULES["rule"]:
        assert set(rule["generations"]) <= names
        assert len(rule["evidence"]) > 10
        for kind in ("text", "tools", "calls", "schema", "choice"):
            band = rule.get("values", {}).get(kind)
            if band is not None and band != "unknown":
                find_band(band, rule["generations"][0])
