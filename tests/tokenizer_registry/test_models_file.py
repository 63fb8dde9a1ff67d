"""The shipped rows of models.toml, checked against the rest of the project."""

import re
import tomllib
from pathlib import Path

import pytest

import tokenizer_registry
from pricing_data.book import PriceBook
from pricing_data.refresh.model_rules import read_model_rules
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.display import read_spelling
from pricing_data.refresh.naming.left_out import read_left_out
from scripts.build_prices import UPSTREAM
from scripts.catalogue.vocabulary_rules import KINDS, read_rules

FIELDS = ["name", "author", "display_name", "vocabulary", "evidence"]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Return the rows in the order of the file."""
    path = Path(tokenizer_registry.__file__).with_name("models.toml")
    models: list[dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))["model"]
    return models


def test_there_are_enough(rows: list[dict[str, str]]) -> None:
    """The catalogue has at least 700 models, 40 authors and 650 models with a vocabulary."""
    assert len(rows) >= 700
    assert len({row["author"] for row in rows}) >= 40
    assert sum("vocabulary" in row for row in rows) >= 650


def test_names_are_unique(rows: list[dict[str, str]]) -> None:
    """No two models have the same name, even of different authors."""
    names = [row["name"] for row in rows]
    assert sorted(set(names)) == sorted(names)


def test_rows_are_sorted(rows: list[dict[str, str]]) -> None:
    """Rows are sorted by author, then name, in plain string order."""
    keys = [(row["author"], row["name"]) for row in rows]
    assert keys == sorted(keys)


def test_names_are_plain(rows: list[dict[str, str]]) -> None:
    """A name is lower case, without spaces or slashes, so that it can be typed and put into a URL."""
    assert [row["name"] for row in rows if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", row["name"])] == []


def test_fields_are_the_known_ones_in_order(rows: list[dict[str, str]]) -> None:
    """A row has no price, and either a vocabulary with its evidence or the reason why there is none."""
    for row in rows:
        assert list(row) == (FIELDS if "vocabulary" in row else [*FIELDS[:3], "reason"]), row["name"]
        assert all(row.values()), row["name"]


def test_evidence_is_of_a_known_kind(rows: list[dict[str, str]]) -> None:
    """Each vocabulary says how it is known, and why it is the model's."""
    for row in rows:
        if "evidence" in row:
            kind, _, reason = row["evidence"].partition(": ")
            assert kind in KINDS, row["name"]
            assert reason, row["name"]


@pytest.mark.parametrize(
    ("author", "name", "display_name", "vocabulary"),
    [
        ("AI21", "jamba-1.5-large", "Jamba 1.5 Large", "jamba"),
        ("AI21", "jamba-1.5-mini", "Jamba 1.5 Mini", "jamba"),
        ("Meta", "llama-2-7b", "Llama 2 7B", "llama-2"),
        ("Meta", "llama-2-7b-chat", "Llama 2 7B Chat", "llama-2"),
        ("Meta", "llama-3.2-1b", "Llama 3.2 1B", "llama-3"),
        ("Anthropic", "claude-2.1", "Claude 2.1", "claude-2"),
        ("Anthropic", "claude-haiku-4-5", "Claude Haiku 4.5", None),
        ("Google", "gemma-2-27b", "Gemma 2 27B", "gemma-2"),
        ("Google", "gemini-2.0-flash", "Gemini 2.0 Flash", "gemma-2"),
        ("Google", "gemini-2.5-flash", "Gemini 2.5 Flash", "gemma-3"),
        ("Google", "gemini-3.6-flash", "Gemini 3.6 Flash", None),
        ("Amazon", "titan-text-lite-v1", "Titan Text Lite V1", None),
        ("OpenAI", "gpt-4o", "GPT-4o", "o200k_base"),
        ("OpenAI", "gpt-4o-2024-08-06", "GPT-4o (2024-08-06)", "o200k_base"),
        ("OpenAI", "text-davinci-003", "Text Davinci 003", "p50k_base"),
        ("OpenAI", "gpt-6-sol", "GPT-6 Sol", None),
        ("OpenAI", "gpt-oss-safeguard-20b", "GPT-OSS Safeguard 20B", "o200k_base"),
        ("OpenAI", "whisper-large-v3", "Whisper Large V3", "whisper-multilingual"),
        ("Google", "gemini-4-hydrogen", "Gemini 4 Hydrogen", None),
        ("Mistral", "mistral-large-2407", "Mistral Large 2407", "mistral-v3"),
        ("Mistral", "ministral-8b-2410", "Ministral 8B 2410", "tekken"),
        ("xAI", "grok-4", "Grok 4", None),
    ],
)
def test_known_rows(
    rows: list[dict[str, str]], author: str, name: str, display_name: str, vocabulary: str | None
) -> None:
    """The published examples, and one model of each kind of evidence, have the expected rows."""
    found = {row["name"]: row for row in rows}[name]
    assert (found["author"], found["display_name"]) == (author, display_name)
    assert found.get("vocabulary") == (vocabulary if vocabulary in read_rules().shipped else None)


@pytest.mark.parametrize(
    ("name", "display_name"),
    [
        ("qwen3-235b-a22b", "Qwen3 235B A22B"),
        ("claude-haiku-4-5", "Claude Haiku 4.5"),
        ("mixtral-8x7b-v0.1", "Mixtral 8x7B V0.1"),
        ("gpt-4-32k-0613", "GPT-4 32K 0613"),
        ("claude-3-5-sonnet-20241022", "Claude 3.5 Sonnet (2024-10-22)"),
        ("command-r-08-2024", "Command R 08-2024"),
        ("o3-mini", "o3 Mini"),
        ("chatgpt-4o-latest", "ChatGPT-4o Latest"),
        ("glm-4.5-airx", "GLM-4.5 AirX"),
    ],
)
def test_drafted_display_names(name: str, display_name: str) -> None:
    """The rules spell sizes, versions, dates and exceptional words as expected."""
    assert read_spelling().display_name(name) == display_name


def test_the_published_authors_are_known(rows: list[dict[str, str]]) -> None:
    """AI21, Amazon, Anthropic, Cohere and Meta are authors, and every author is in the table of authors."""
    authors = {row["author"] for row in rows}
    assert {"AI21", "Amazon", "Anthropic", "Cohere", "Meta"} <= authors
    assert authors <= {author.name for author in read_authors()}


def test_the_catalogue_does_not_shrink(rows: list[dict[str, str]]) -> None:
    """The catalogue has 1,200 models of 60 authors at least."""
    assert len(rows) >= 1200
    assert len({row["author"] for row in rows}) >= 60


def test_every_model_has_a_vocabulary_or_a_reason(rows: list[dict[str, str]]) -> None:
    """A model without a vocabulary says why."""
    assert [row["name"] for row in rows if not ("vocabulary" in row) ^ ("reason" in row)] == []


def test_vocabularies_follow_the_rules(rows: list[dict[str, str]]) -> None:
    """Every vocabulary follows the curated rules, or a publisher's map or file, and is a packed one."""
    rules = read_rules()
    for row in rows:
        found = (row["vocabulary"], row["evidence"]) if "vocabulary" in row else None
        assert found == rules.vocabulary(row["author"], row["name"]), row["name"]


def test_every_rule_is_used(rows: list[dict[str, str]]) -> None:
    """Every rule matches a model of the catalogue; otherwise its pattern would be an error."""
    names = {(row["author"], row["name"]) for row in rows}
    unused = [
        rule.evidence for rule in read_rules().rules if not any(rule.fits(author, name) for author, name in names)
    ]
    assert unused == []


def test_only_text_and_embeddings_models(rows: list[dict[str, str]]) -> None:
    """No model for images, sound, ranking or moderation is listed, nor any other name that is left out."""
    left_out = read_left_out()
    assert [row["name"] for row in rows if left_out.reason(row["author"], row["name"])] == []


def test_every_model_has_a_price_policy_and_no_other_has_one(rows: list[dict[str, str]]) -> None:
    """The price curation covers exactly the models of the catalogue, and the price book no others."""
    names = {row["name"] for row in rows}
    assert set(read_model_rules(UPSTREAM)) == names
    assert set(PriceBook.from_package().histories) <= names
