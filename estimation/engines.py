"""The one place where texts meet the engines: many texts at once."""

from collections.abc import Sequence

from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.vocabulary import Counter


def count_texts(counter: Counter, texts: Sequence[str]) -> list[int | None]:
    """Tokens of each text, in order; None for one that cannot be counted."""
    try:
        return list(counter.count_batch(texts))
    except UncountableText:
        return [_one(counter, text) for text in texts]


def _one(counter: Counter, text: str) -> int | None:
    try:
        return counter.count(text)
    except UncountableText:
        return None


def load(registry: Registry, names: Sequence[str]) -> dict[str, Counter]:
    """The counters of these names, loaded. Raises UnknownVocabulary, DamagedVocabulary."""
    return {name: registry.counter(name) for name in names}
