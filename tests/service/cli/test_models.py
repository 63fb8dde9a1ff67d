"""`weighbridge models`: what is known of each model."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import main


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of the test's own."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))


def test_every_mapping_shows_its_evidence() -> None:
    """Every model has either a vocabulary with the evidence for it, or the reason why it has no count."""
    rows = json.loads(CliRunner().invoke(main, ["models", "--json"]).stdout)
    assert len(rows) >= 600
    assert len({row["author"] for row in rows}) >= 30
    assert [row["name"] for row in rows if not (row["evidence"] if row["vocabulary"] else row["without_count"])] == []


def test_one_model_in_a_table() -> None:
    """A person who asks for a model reads its vocabulary and how that is known."""
    shown = CliRunner().invoke(main, ["models", "gpt-4o", "grok-4"]).stdout
    assert "o200k_base" in shown
    assert "map: tiktoken" in shown
    assert "not published" in shown


@pytest.mark.parametrize("author", ["openai", "OpenAI", "OPENAI"])
def test_an_author_is_found_in_any_case(author: str) -> None:
    """`--author openai` has the models of OpenAI, and an unknown author is an error with the nearest one."""
    rows = json.loads(CliRunner().invoke(main, ["models", "--author", author, "--json"]).stdout)
    assert {row["author"] for row in rows} == {"OpenAI"}
    assert "Did you mean OpenAI?" in CliRunner().invoke(main, ["models", "--author", "OpenAl"]).stderr


def test_a_name_shows_how_it_was_resolved() -> None:
    """Each step has its rule and its evidence, then what the name says about the price; JSON has the same."""
    name = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    shown = CliRunner().invoke(main, ["models", name, "gpt-4o"]).stdout
    assert f"{name} stands for claude-sonnet-4-5-20250929:" in shown
    assert "for the price: sold by bedrock, region us" in shown
    assert "gpt-4o stands for" not in shown
    regional, own = json.loads(CliRunner().invoke(main, ["models", name, "gpt-4o", "--json"]).stdout)
    assert (regional["asked"], regional["name"]) == (name, "claude-sonnet-4-5-20250929")
    assert regional["steps"][-1]["name"] == "claude-sonnet-4-5-20250929"
    assert all(step["rule"] and step["evidence"] for step in regional["steps"])
    assert regional["name_terms"]["region"] == "us"
    assert (own["steps"], own["name_terms"]["host"]) == ([], None)
