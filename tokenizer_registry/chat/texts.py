"""Counting of the texts of one request: with the model's vocabulary, or with its estimator and the estimator's band."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from tokenizer_registry.approximation.estimators import Bands, Basis, ErrorBand, ScriptClass, script_of
from tokenizer_registry.chat.rules import Generation
from tokenizer_registry.content_memory import ContentMemory
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary import TokenCounter

# Counts of the texts of one request, by vocabulary and text, while it is counted for one model after the other.
TextMemory = dict[str, dict[str, int]]
# Shorter texts are counted again, unless they are the messages'.
MIN_REMEMBERED_CHARACTERS: Final = 256
# Counts that are kept for later requests, by vocabulary and texts.
KeptCounts = ContentMemory[tuple[str, tuple[str, ...]], list[int]]
# What the count of one text takes beside it, in characters.
KEPT_COUNT_CHARACTERS: Final = 200


class TextCounter:
    """Counts texts for one model. `name` is the vocabulary's, or the estimator's where it is an estimate."""

    __slots__ = ("_bands", "_counter", "_kept", "_known", "_remembers", "name")

    def __init__(
        self,
        counter: TokenCounter,
        name: str,
        kept: KeptCounts,
        bands: Bands | None = None,
        memory: TextMemory | None = None,
    ) -> None:
        self._counter: Final = counter
        self._bands: Final = bands
        self._kept: Final = kept
        self._remembers: Final = memory is not None
        self._known: Final[dict[str, int]] = {} if memory is None else memory.setdefault(counter.name, {})
        self.name: Final = name

    def count(self, text: str) -> int:
        """Return the tokens of a text. Raise UncountableText."""
        tokens = self._known.get(text)
        if tokens is None:
            tokens = self._counter.count(text) if text else 0
            if self._remembers and len(text) >= MIN_REMEMBERED_CHARACTERS:
                self._known[text] = tokens
        return tokens

    def count_ahead(self, texts: Iterable[str]) -> None:
        """Count texts together, so that `count` has them. Raise UncountableText."""
        known = self._known
        new = [text for text in texts if text and text not in known]
        known.update(zip(new, self._counter.count_batch(new), strict=True))

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, counted together. Raise UncountableText."""
        if not self._known and not self._remembers and all(texts):
            return self._counter.count_batch(texts)  # without a look for each text
        self.count_ahead(texts)
        return list(map(self.count, texts))

    def count_kept(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text; later requests are likely to have the same ones. Raise UncountableText."""
        key = (self._counter.name, tuple(texts))
        counts = self._kept.get(key)
        if counts is None:
            counts = self.counts(texts)
            self._kept.keep(key, counts, sum(map(len, texts)) + KEPT_COUNT_CHARACTERS * len(texts))
        return counts

    @property
    def is_exact(self) -> bool:
        """Whether the vocabulary is the model's own."""
        return self._bands is None

    def band(self, text: str) -> ErrorBand | None:
        """Return the band of the estimator for a text; None where the vocabulary is the model's own."""
        return None if self._bands is None else self._bands[script_of(text)]


def text_counter(
    registry: Registry, model: str, generation: Generation, memory: TextMemory | None = None
) -> TextCounter | None:
    """Return what counts a model's texts; None where there is neither a vocabulary nor an estimator nor a proxy.

    Raise UnknownVocabulary, DamagedVocabulary.
    """
    kept, vocabulary = registry.kept_counts, registry.models[model].vocabulary
    if vocabulary is not None and vocabulary in registry.vocabularies:
        return TextCounter(registry.counter(vocabulary), vocabulary, kept, None, memory)
    estimator = registry.estimator(model)
    if estimator is not None:
        return TextCounter(registry.counter(estimator.vocabulary), estimator.name, kept, estimator.bands, memory)
    if generation.proxy is None:
        return None
    share = Decimal(str(generation.proxy_share))
    band = ErrorBand(-share, share, Basis.SPREAD)
    bands = dict.fromkeys(ScriptClass, band)
    return TextCounter(registry.counter(generation.proxy), generation.name, kept, bands, memory)
