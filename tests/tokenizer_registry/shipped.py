"""The shipped vocabularies without the models; each is named after its vocabulary."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import tokenizer_registry
from tokenizer_registry.models import Model
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary_files import VocabularyFormat, VocabularySpec, read_specs

PACKAGE = Path(tokenizer_registry.__file__).parent
VOCABULARIES = PACKAGE / "vocabularies"


def shipped_specs() -> tuple[VocabularySpec, ...]:
    """Return all specifications of vocabularies.toml."""
    return read_specs(PACKAGE / "vocabularies.toml")


def shipped_names() -> list[str]:
    """Return the names of the shipped vocabularies."""
    return [spec.name for spec in shipped_specs()]


def rank_names() -> list[str]:
    """Return the names of the vocabularies that are rank files."""
    return [spec.name for spec in shipped_specs() if spec.format is VocabularyFormat.TIKTOKEN]


def shipped_registry(models: Sequence[Model] = ()) -> Registry:
    """Return a registry of the shipped vocabularies with these models."""
    return Registry(models, shipped_specs(), VOCABULARIES)


@cache
def shared_registry() -> Registry:
    """Return one registry for all tests that do not depend on when a vocabulary is loaded."""
    return shipped_registry()
