"""Counts of texts, and the models that they are counted for."""

from functools import cache

from tokenizer_registry.models import Model
from tokenizer_registry.names import Resolution
from tokenizer_registry.registry import Registry
from weighbridge.arguments import check_name, check_text


@cache
def registry() -> Registry:
    """Return the models and vocabularies of this package, read once a process."""
    return Registry.from_package()


def count(text: str, model: str) -> int | None:
    """Return the exact tokens of a text, without any frame of a chat; None if the model has no public vocabulary.

    >>> count("Felis nunc phasellus arcu ad bibendum elementum taciti.", "gpt-4o")
    14
    >>> count("hello", "openai/GPT-4o")
    1
    >>> print(count("hello", "claude-opus-4-5"))
    None

    Raise UnknownModel with the nearest name, UncountableText for a text with a lone surrogate, and TypeError.
    """
    check_text(text)
    check_name(model, "count")
    known = registry()
    return known.count(text, [known.names.resolve(model).model])[0].tokens


def resolve(name: str) -> Resolution:
    """Return the model of the catalogue that a name stands for, with each rule that was applied.

    >>> resolve("openai/GPT-4o").model
    'gpt-4o'

    Raise UnknownModel with the nearest name, and TypeError.
    """
    check_name(name, "resolve")
    return registry().names.resolve(name)


def models(author: str | None = None) -> list[Model]:
    """Return the models of the catalogue, or those of one author, by author and name.

    >>> [model.name for model in models("AI21")][:3]
    ['j2-light', 'j2-mid', 'j2-ultra']

    Raise ValueError for an author that is not in the catalogue.
    """
    everything = list(registry().models.values())
    found = [model for model in everything if author in (None, model.author)]
    if not found:
        raise ValueError(f"there is no author {author!r}; weighbridge.models() has the known ones")
    return found
