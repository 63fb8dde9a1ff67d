"""The one place where texts meet the engines: many texts in one call, for all counters of a job together."""

from collections.abc import Mapping, Sequence

from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.native.batch_counter import BatchCounter, NativeVocabulary
from tokenizer_registry.vocabulary import TokenCounter

Counts = dict[str, list[int | None]]


class Counters:
    """The counters of a job, by name. Those that can be are counted together, each text in one call."""

    def __init__(self, by_name: Mapping[str, TokenCounter]) -> None:
        self._native = {name: found for name, found in by_name.items() if isinstance(found, NativeVocabulary)}
        self._together = BatchCounter(self._native)
        self._others = {name: found for name, found in by_name.items() if name not in self._native}

    def count(self, texts: Sequence[str]) -> Counts:
        """Tokens of each text by each counter, in the order of the texts; None for what cannot be counted."""
        found = {name: count_texts(counter, texts) for name, counter in self._others.items()}
        return found | self._counted_together(texts) if self._native else found

    def _counted_together(self, texts: Sequence[str]) -> Counts:
        try:
            rows = list(map(self._together.count, texts))
        except UncountableText:
            return {name: count_texts(counter, texts) for name, counter in self._native.items()}
        return {name: [row[place] for row in rows] for place, name in enumerate(self._together.names)}


def count_texts(counter: TokenCounter, texts: Sequence[str]) -> list[int | None]:
    """Tokens of each text, in order; None for one that cannot be counted."""
    try:
        return list(counter.count_batch(texts))
    except UncountableText:
        return [_one(counter, text) for text in texts]


def _one(counter: TokenCounter, text: str) -> int | None:
    try:
        return counter.count(text)
    except UncountableText:
        return None


def load(registry: Registry, names: Sequence[str]) -> Counters:
    """The counters of these names, loaded. Raises UnknownVocabulary, DamagedVocabulary."""
    return Counters({name: registry.counter(name) for name in names})
