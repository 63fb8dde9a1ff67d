"""Counts of texts, and the models that they are counted for."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from tokenizer_registry.models import Model
from tokenizer_registry.names import Resolution
from tokenizer_registry.registry import Count, Registry
from weighbridge.arguments import check_name, check_text, instant, names_of

if TYPE_CHECKING:
    from tokenizer_registry.approximation.estimators import ErrorBand


class TextCount(NamedTuple):
    """The tokens of a text for one model, and their cost as input in USD.

    `model` is the name as it was passed, `resolved_model` that of the catalogue. `tokens` is None without a public
    vocabulary, `cost` is None also without a price; `reason` then says why. `error` is the band of an estimate.
    """

    model: str
    resolved_model: str
    tokens: int | None
    cost: Decimal | None
    method: Literal["exact", "provider", "estimate", "none"]
    vocabulary: str | None = None
    error: "ErrorBand | None" = None
    reason: str | None = None


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


def counts(text: str, models: Iterable[str], *, estimate: bool = False, at: date | None = None) -> list[TextCount]:
    """Return a count and the cost as input for each model, in their order; each vocabulary cuts the text once.

    >>> [(found.model, found.tokens, str(found.cost)) for found in counts("hello", ["gpt-4o", "claude-2.1"])]
    [('gpt-4o', 1, '0.0000025'), ('claude-2.1', 1, '0.000008')]

    With `estimate`, a model without a public vocabulary gets a labelled estimate where one exists. `at` is the day or
    aware instant of the prices, now without one. Raise UnknownModel, UncountableText, TypeError.
    """
    from weighbridge.pricing import with_cost  # the price book is read only where a cost is wanted

    check_text(text)
    names, when, known = names_of(models), instant(at), registry()
    resolved = [known.names.resolve(name) for name in names]
    found = known.count(text, [each.model for each in resolved], estimate)
    return [with_cost(_text_count(*each), when) for each in zip(resolved, found, strict=True)]


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


def _text_count(resolved: Resolution, found: Count) -> TextCount:
    reason = registry().why_uncounted(resolved.model) if found.tokens is None else None
    return TextCount(
        resolved.name, resolved.model, found.tokens, None, found.method, found.vocabulary, found.error, reason
    )
