"""Differences between sources of one family: each decision of docs/vocabularies.md is checked by a count."""

import tomllib

import pytest

from scripts.describe_vocabularies import PAGE, page
from tests.tokenizer_registry.shipped import PACKAGE
from tokenizer_registry.registry import Registry


def vocabulary_of(model: str) -> str | None:
    """Return the vocabulary of a model in the shipped catalogue."""
    rows: list[dict[str, str]] = tomllib.loads((PACKAGE / "models.toml").read_text(encoding="utf-8"))["model"]
    return {row["name"]: row.get("vocabulary") for row in rows}[model]


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("yi", "<<< >>> <|not_special|> [[x]] <a> </b>\n", 19),
        ("yi-fast", "<<< >>> <|not_special|> [[x]] <a> </b>\n", 20),
        ("minicpm", "12345", 5),
        ("minicpm", "你好", 1),
        ("minicpm", "<p>", 1),
        ("ernie-4.5", "\n", 1),
        ("ernie-4.5", "你好", 1),
        ("mistral-v1", "[REFERENCE_DOC_4]", 10),
        ("mistral-v3", "[REFERENCE_DOC_4]", 2),
        ("baichuan-1", "你是谁", 2),
        ("baichuan-2", "你是谁", 1),
        ("smollm3", "<code>", 1),
        ("t5", "hello ", 1),
        ("clip", "&amp;", 3),
        ("gemma-3", "<h1>", 1),
        ("qwen3.5", "俱乐部", 3),
        ("starcoder", "\U00050000", 4),
    ],
)
def test_the_decided_form_counts(registry: Registry, name: str, text: str, tokens: int) -> None:
    """A text that distinguishes two sources has the count of the chosen one."""
    assert registry.vocabulary(name).count(text) == tokens


@pytest.mark.parametrize(
    ("model", "vocabulary"),
    [
        ("yi-34b", "yi"),
        ("minicpm-2b", None),
        ("minicpm3-4b", "minicpm"),
        ("ernie-4.5-0.3b", "ernie-4.5"),
        ("j2-ultra", None),
        ("smollm3-3b", "smollm3"),
        ("baichuan2-7b-chat", "baichuan-2"),
        ("mistral-small-2409", "tekken"),
        ("mistral-large-latest", "tekken"),
        ("modernbert-base", "gpt-neox"),
        ("roberta-base", "r50k_base"),
        ("xlnet-base-cased", None),
        ("gemma-4-31b-it", "gemma-4"),
        ("command-r-plus", "command-r"),
    ],
)
def test_models_have_the_decided_vocabulary(model: str, vocabulary: str | None) -> None:
    """A model whose text may be split in several ways has no vocabulary."""
    assert vocabulary_of(model) == vocabulary


def test_mistral_versions_count_alike(registry: Registry) -> None:
    """Mistral v1 and v3 differ in control tokens and ids, but not in a count of text without user-defined pieces."""
    text = "Felis nunc phasellus arcu — 12345.678\n\n  [INST] naïve 🌍"
    assert registry.vocabulary("mistral-v1").count(text) == registry.vocabulary("mistral-v3").count(text)


def test_the_page_is_current() -> None:
    """docs/vocabularies.md agrees with the data: `python -m scripts.describe_vocabularies` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()
