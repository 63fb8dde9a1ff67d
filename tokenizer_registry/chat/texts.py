"""Counting of the texts of one request: with the model's vocabulary, or with its estimator and the estimator's band."""

from decimal import Decimal
from typing import Final

from tokenizer_registry.approximation.estimators import Bands, Basis, ErrorBand, ScriptClass, script_of
from tokenizer_registry.chat.rules import Generation
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary import TokenCounter

# Counts of texts by vocabulary, for one request that is counted for many models.
TextMemory = dict[tuple[str, str], int]
# Shorter texts are counted again.
MIN_REMEMBERED_CHARACTERS: Final = 256


class TextCounter:
    """Counts texts for one model. `name` is the vocabulary's, or the estimator's where it is an estimate."""

    __slots__ = ("_bands", "_counter", "_memory", "name")

    def __init__(
        self, counter: TokenCounter, name: str, bands: Bands | None = None, memory: TextMemory | None = None
    ) -> None:
        self._counter: Final = counter
        self._bands: Final = bands
        self._memory: Final = memory
        self.name: Final = name

    def count(self, text: str) -> int:
        """Return the tokens of a text. Raise UncountableText."""
        if self._memory is None or len(text) < MIN_REMEMBERED_CHARACTERS:
            return self._counter.count(text) if text else 0
        key = (self._counter.name, text)
        tokens = self._memory.get(key)
        if tokens is None:
            tokens = self._memory[key] = self._counter.count(text)
        return tokens

    def band(self, text: str) -> ErrorBand | None:
        """Return the band of the estimator for a text; None where the vocabulary is the model's own."""
        return None if self._bands is None else self._bands[script_of(text)]


def text_counter(
    registry: Registry, model: str, generation: Generation, memory: TextMemory | None = None
) -> TextCounter | None:
    """Return what counts a model's texts; None where there is neither a vocabulary nor an estimator nor a proxy.

    Raise UnknownVocabulary, DamagedVocabulary.
    """
    vocabulary = registry.models[model].vocabulary
    if vocabulary is not None and vocabulary in registry.vocabularies:
        return TextCounter(registry.counter(vocabulary), vocabulary, memory=memory)
    estimator = registry.estimator(model)
    if estimator is not None:
        return TextCounter(registry.counter(estimator.vocabulary), estimator.name, estimator.bands, memory)
    if generation.proxy is None:
        return None
    share = Decimal(str(generation.proxy_share))
    band = ErrorBand(-share, share, Basis.SPREAD)
    return TextCounter(registry.counter(generation.proxy), generation.name, dict.fromkeys(ScriptClass, band), memory)
