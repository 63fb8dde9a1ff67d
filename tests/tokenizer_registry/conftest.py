"""Fixtures for the registry's tests."""

import pytest

from tests.tokenizer_registry.shipped import shared_registry
from tokenizer_registry.registry import Registry


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The shipped vocabularies with their owners' libraries, each loaded when first asked for."""
    return shared_registry()


@pytest.fixture(scope="session")
def fast() -> Registry:
    """What is shipped, with the engines that the service counts with."""
    return Registry.from_package()
