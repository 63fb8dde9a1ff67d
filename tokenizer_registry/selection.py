"""A list of models that are counted together, again and again."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from tokenizer_registry.approximation.estimators import ErrorBand
from tokenizer_registry.native.batch_counter import BatchCounter
from tokenizer_registry.vocabulary import Vocabulary


class Count(NamedTuple):
    """Tokens of one text for one model; None where the model has no public vocabulary.

    An estimate has no vocabulary, but the name of its estimator and a band for its error. `provider`: asked of the
    model's provider; the registry itself never does.
    """

    tokens: int | None
    vocabulary: str | None
    method: Literal["exact", "provider", "estimate", "none"]
    estimator: str | None = None
    error: ErrorBand | None = None


UNCOUNTED = Count(None, None, "none")
MAX_KEPT = 16_384


@lru_cache(MAX_KEPT)
def _exact(tokens: int, vocabulary: str) -> Count:
    """Texts of one size have about as many tokens: to find a count takes half the time that it takes to make one."""
    return Count(tokens, vocabulary, "exact")


class ModelSelection:
    """Models by the names of their vocabularies, and those vocabularies that are there to count with."""

    __slots__ = ("_places", "_together")

    def __init__(self, names: Sequence[str | None], vocabularies: Mapping[str, Vocabulary]) -> None:
        self._together = BatchCounter(vocabularies)
        places = {name: place for place, name in enumerate(self._together.names)}
        # The last place is for those that are not counted.
        self._places = [places.get(name or "", len(places)) for name in names]

    def count(self, text: str) -> list[Count]:
        """A count for each model, in their order; each vocabulary cuts the text once. Raises UncountableText."""
        together = self._together
        counts = list(map(_exact, together.count(text), together.names))
        counts.append(UNCOUNTED)
        return list(map(counts.__getitem__, self._places))
