"""Fixtures for the registry's tests."""

import pytest

from tests.tokenizer_registry.shipped import shared_registry
from tokenizer_registry.registry import Registry


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Return the shipped vocabularies with their owners' libraries, each loaded at its first use."""
    return shared_registry()


@pytest.fixture(scope="session")
def fast() -> Registry:
    """Return the shipped vocabularies with the engines that the service uses."""
    return Registry.from_package()
