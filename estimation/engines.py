"""The one place where texts meet the engines: many texts at once, for all counters of a job together."""

from collections.abc import Mapping, Sequence

from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.vocabulary import Counter
from tokenizer_registry.word_vocabulary import WordVocabulary, count_for_all
from tokenizer_registry.words import WordTable

Counts = dict[str, list[int | None]]


class Counters:
    """The counters of a job, by name. Those that share words cut each text once for all of them."""

    def __init__(self, by_name: Mapping[str, Counter], table: WordTable) -> None:
        words = {name: counter for name, counter in by_name.items() if isinstance(counter, WordVocabulary)}
        self._words = words if len(words) > 1 else {}
        self._others = {name: counter for name, counter in by_name.items() if name not in self._words}
        self._table = table

    def count(self, texts: Sequence[str]) -> Counts:
        """Tokens of each text by each counter, in the order of the texts; None for what cannot be counted."""
        found = {name: count_texts(counter, texts) for name, counter in self._others.items()}
        return found | self._by_words(texts) if self._words else found

    def _by_words(self, texts: Sequence[str]) -> Counts:
        try:
            rows = [count_for_all(text, self._words, self._table) for text in texts]
        except UncountableText:
            return {name: count_texts(counter, texts) for name, counter in self._words.items()}
        return {name: [row[name] for row in rows] for name in self._words}


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


def load(registry: Registry, names: Sequence[str]) -> Counters:
    """The counters of these names, loaded. Raises UnknownVocabulary, DamagedVocabulary."""
    return Counters({name: registry.counter(name) for name in names}, registry.engines.table)
