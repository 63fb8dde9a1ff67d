"""Counts of a text for several models, each with its cost as input."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from pricing_data import Terms, Usage
from pricing_data.pricing import total_of_counts
from tokenizer_registry.approximation.estimators import ErrorBand
from tokenizer_registry.names import Resolution
from tokenizer_registry.registry import Count
from weighbridge.arguments import check_text, instant, names_of
from weighbridge.counting import registry
from weighbridge.pricing import names


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
    error: ErrorBand | None = None
    reason: str | None = None


def counts(text: str, models: Iterable[str], *, estimate: bool = False, at: date | None = None) -> list[TextCount]:
    """Return a count and the cost as input for each model, in their order; each vocabulary cuts the text once.

    >>> for found in counts("hello", ["gpt-4o", "claude-2.1"]):
    ...     print(found.model, found.tokens, f"{found.cost.normalize():f}")
    gpt-4o 1 0.0000025
    claude-2.1 1 0.000008

    With `estimate`, a model without a public vocabulary gets a labelled estimate where one exists. `at` is the day or
    aware instant of the prices, now without one. Raise UnknownModel, UncountableText, TypeError.
    """
    check_text(text)
    names, when, known = names_of(models), instant(at), registry()
    resolved = [known.names.resolve(name) for name in names]
    found = known.count(text, [each.model for each in resolved], estimate)
    return [_with_cost(_text_count(*each), when) for each in zip(resolved, found, strict=True)]


def _text_count(resolved: Resolution, found: Count) -> TextCount:
    reason = registry().why_uncounted(resolved.model) if found.tokens is None else None
    return TextCount(
        resolved.name, resolved.model, found.tokens, None, found.method, found.vocabulary, found.error, reason
    )


def _with_cost(found: TextCount, at: date) -> TextCount:
    """Return a count with its cost as input at a day or an instant, and the reason if it has none."""
    if found.tokens is None:
        return found
    total = total_of_counts(names().book, names().resolve(found.model), Usage(found.tokens), Terms(at))
    return found._replace(cost=total.usd, reason=total.reason)
