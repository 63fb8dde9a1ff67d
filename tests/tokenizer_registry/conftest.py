"""Fixtures for the registry's tests."""

import pytest

from tests.tokenizer_registry.shipped import shared_registry
from tokenizer_registry.registry import Registry


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The shipped vocabularies, each loaded when first asked for."""
    return shared_registry()
