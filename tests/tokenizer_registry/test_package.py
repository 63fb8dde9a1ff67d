"""The public interface of the package."""

import tokenizer_registry
from tokenizer_registry import Registry


def test_public_names_are_there() -> None:
    """Every public name can be imported, and the list is in order."""
    assert all(hasattr(tokenizer_registry, name) for name in tokenizer_registry.__all__)
    assert list(tokenizer_registry.__all__) == sorted(tokenizer_registry.__all__)


def test_the_shipped_catalogues_fit_together() -> None:
    """The shipped models are in order, and every vocabulary that they name is shipped or can be fetched."""
    registry = Registry.from_package()
    assert list(registry.models.values()) == sorted(registry.models.values(), key=lambda m: (m.author, m.name))
    named = {model.vocabulary for model in registry.models.values() if model.vocabulary}
    assert named
    assert named <= {*registry.vocabularies, *registry.fetchable}
