"""The tables of constants: complete, dated and with evidence."""

import itertools
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

import tokenizer_registry.chat
from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.families import HOSTS, RENDERERS
from tokenizer_registry.chat.rules import find_band, find_rule, generation_of, generations, rule_names

FOLDER = Path(tokenizer_registry.chat.__file__).parent
GENERATIONS = sorted({(generation.name, generation.family) for generation in generations().values()})
DOCUMENT = tomllib.loads((FOLDER / "rules.toml").read_text(encoding="utf-8"))
# What every generation of a family has to have.
NEEDED = {
    "openai": (
        "openai-frame",
        "openai-chat-tools",
        "openai-responses-tools",
        "openai-tool-calls",
        "openai-schema",
        "openai-audio",
    ),
    "anthropic": (
        "claude-frame",
        "claude-tool-step",
        "claude-images",
        "claude-pages",
        "claude-thinking",
        "claude-text-file",
    ),
    "gemini": (
        "gemini-frame",
        "gemini-tools",
        "gemini-thoughts",
        "gemini-schema",
        "gemini-images",
        "gemini-audio",
        "gemini-video",
        "gemini-pages",
    ),
    "nova": ("nova-frame",),
    "cohere": ("cohere-frame",),
    "open": ("open-template",),
}


@pytest.mark.parametrize(("generation", "family"), GENERATIONS)
def test_each_generation_has_the_rules_of_its_family(generation: str, family: str) -> None:
    """Rules that hold today, so that no request of it is left without a number for want of a constant."""
    assert family in RENDERERS
    assert family == "open" or HOSTS[family]
    assert [name for name in NEEDED[family] if find_rule(name, generation) is None] == []


def test_models_without_a_chat_are_in_the_catalogue() -> None:
    """Each once."""
    listed = [model for row in DOCUMENT["without_chat"] for model in row["models"]]
    assert len(set(listed)) == len(listed)
    assert set(listed) <= set(package_registry().models)


def test_every_rule_names_known_generations_and_its_evidence() -> None:
    """And its days do not overlap with another rule of the same name."""
    names = {name for name, _ in GENERATIONS}
    for row in DOCUMENT["rule"]:
        assert set(row["generations"]) <= names
        assert len(row["evidence"]) > 10
        assert isinstance(row["from"], date)
        assert row["from"] < row.get("before", date.max)
    for name in rule_names():
        for generation, _ in GENERATIONS:
            spans = sorted(
                (row["from"], row.get("before", date.max))
                for row in DOCUMENT["rule"]
                if row["name"] == name and generation in row["generations"]
            )
            assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))


def test_every_band_that_the_code_asks_for_is_there() -> None:
    """By the names that stand in the source."""
    bands = {row["rule"] for row in tomllib.loads((FOLDER / "bands.toml").read_text(encoding="utf-8"))["band"]}
    source = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    widened = set(re.findall(r'widen\([^")]*"([a-z0-9-]+)"', source))
    assert widened
    assert widened <= bands
    with pytest.raises(KeyError):
        find_band("nothing", "gpt-4o")


def test_models_of_the_closed_families_belong_to_a_generation() -> None:
    """All that were compared; a beginning of a name counts up to a hyphen only, so that later ones have no number."""
    models = package_registry().models
    left_out = re.compile(
        r"embed|image|tts|audio|realtime|transcribe|claude-(1|2|instant)|live|veo|imagen|lyria|robotics"
    )
    beginnings = {
        "OpenAI": ("gpt-4", "gpt-5", "gpt-6-", "gpt-6.1"),
        "Anthropic": (
            "claude-3",
            "claude-haiku-4",
            "claude-sonnet-4",
            "claude-opus-4",
            "claude-sonnet-5",
            "claude-opus-5",
        ),
        "Google": ("gemini-2.5", "gemini-3"),
    }
    lost = [
        name
        for name, model in models.items()
        if name.startswith(beginnings.get(model.author, ("-",)))
        and not left_out.search(name)
        and generation_of(name) is None
    ]
    assert lost == []
    assert generation_of("gpt-55") is None
    assert generation_of("gpt-5.9") is None
