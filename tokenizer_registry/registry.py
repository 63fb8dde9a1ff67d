"""Model names to vocabularies, each loaded once, and the counting of one text for many models."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Literal, NamedTuple

from tokenizer_registry.errors import UnknownModel, UnknownVocabulary
from tokenizer_registry.estimation.bands import ErrorBand, script_of
from tokenizer_registry.estimation.estimates import Estimates, read_estimates
from tokenizer_registry.estimation.estimator import Estimator
from tokenizer_registry.loading import load_vocabulary
from tokenizer_registry.model import Model, read_models
from tokenizer_registry.spec import VocabularySpec, read_specs
from tokenizer_registry.vocabulary import Counter, Vocabulary


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


class Registry:
    """The models and their vocabularies. Safe to use from many threads."""

    def __init__(
        self,
        models: Iterable[Model],
        vocabularies: Iterable[VocabularySpec],
        vocabularies_folder: Path,
        estimates: Estimates | None = None,
    ) -> None:
        self.models: Mapping[str, Model] = MappingProxyType({model.name: model for model in models})
        self.vocabularies: Mapping[str, VocabularySpec] = MappingProxyType({spec.name: spec for spec in vocabularies})
        self.estimates = estimates or Estimates((), (), vocabularies_folder)
        self._folder = vocabularies_folder
        self._locks: Mapping[str, Lock] = {name: Lock() for name in self.vocabularies}
        self._loaded: dict[str, Vocabulary] = {}

    @classmethod
    def from_package(cls) -> "Registry":
        """The registry that this package ships. Reads both catalogues, loads no vocabulary yet."""
        return cls.from_folder(Path(__file__).parent)

    @classmethod
    def from_folder(cls, folder: Path) -> "Registry":
        """A registry from models.toml, vocabularies.toml and vocabularies/, and from estimates.toml with
        estimation/data/ where there is one. Raises BadCatalogue."""
        specs = read_specs(folder / "vocabularies.toml")
        models = read_models(folder / "models.toml", {spec.name for spec in specs})
        estimates = read_estimates(folder, {model.name for model in models}, {spec.name for spec in specs})
        return cls(models, specs, folder / "vocabularies", estimates)

    @property
    def vocabularies_folder(self) -> Path:
        """Where the packed files are."""
        return self._folder

    def vocabulary(self, name: str) -> Vocabulary:
        """The vocabulary, loaded at the first call. Raises UnknownVocabulary, DamagedVocabulary."""
        loaded = self._loaded.get(name)
        if loaded is not None:
            return loaded
        if name not in self._locks:
            raise UnknownVocabulary(name)
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = load_vocabulary(self.vocabularies[name], self._folder)
            return self._loaded[name]

    def preload(self, names: Iterable[str] | None = None, on_loaded: Callable[[str], None] | None = None) -> None:
        """Load these vocabularies now, or all; `on_loaded` hears each name."""
        for name in self.vocabularies if names is None else names:
            self.vocabulary(name)
            if on_loaded is not None:
                on_loaded(name)

    def count(self, text: str, models: Sequence[str], estimate: bool = False) -> list[Count]:
        """Counts in the order of `models`, duplicates included; each vocabulary cuts the text once.

        With `estimate`, a model without a vocabulary gets a labelled estimate where one exists. Raises
        UnknownModel before anything is counted, UncountableText, DamagedVocabulary.
        """
        vocabularies = {model: self._vocabulary_of(model) for model in models}
        unknown = [model for model, name in vocabularies.items() if name is None] if estimate else []
        estimators = {model: found for model in unknown if (found := self.estimates.by_model.get(model))}
        names = [*vocabularies.values(), *(found.vocabulary for found in estimators.values())]
        tokens = {name: self.counter(name).count(text) for name in dict.fromkeys(names) if name is not None}
        counts = {
            model: UNCOUNTED if name is None else Count(tokens[name], name, "exact")
            for model, name in vocabularies.items()
        }
        if estimators:
            script = script_of(text)
            counts |= {
                model: Count(tokens[found.vocabulary], None, "estimate", found.name, found.bands[script])
                for model, found in estimators.items()
            }
        return [counts[model] for model in models]

    def estimator(self, model: str) -> Estimator | None:
        """What estimates a model: None for one with a vocabulary, and for one of which too little is known."""
        return None if self._vocabulary_of(model) else self.estimates.by_model.get(model)

    def counter(self, name: str) -> Counter:
        """What counts with a vocabulary or a reconstruction. Raises UnknownVocabulary, DamagedVocabulary."""
        return self.vocabulary(name) if name in self.vocabularies else self.estimates.reconstruction(name)

    def _vocabulary_of(self, model: str) -> str | None:
        try:
            return self.models[model].vocabulary
        except KeyError:
            raise UnknownModel(model) from None
