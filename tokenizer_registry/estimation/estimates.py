"""All estimators and reconstructions of a registry, each reconstruction loaded once."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from tokenizer_registry.errors import UnknownVocabulary
from tokenizer_registry.estimation.estimator import Estimator, read_estimators
from tokenizer_registry.estimation.loading import load_reconstruction
from tokenizer_registry.spec import VocabularySpec, read_specs
from tokenizer_registry.vocabulary import Counter


class Estimates:
    """What estimates which model. Safe to use from many threads.

    `reconstructions` are specs like those of public vocabularies, so that lists can show both; they are good for
    estimates only.
    """

    def __init__(
        self, estimators: Iterable[Estimator], reconstructions: Iterable[VocabularySpec], folder: Path
    ) -> None:
        self.estimators: Mapping[str, Estimator] = MappingProxyType({each.name: each for each in estimators})
        self.reconstructions: Mapping[str, VocabularySpec] = MappingProxyType(
            {spec.name: spec for spec in reconstructions}
        )
        self.by_model: Mapping[str, Estimator] = MappingProxyType(
            {model: each for each in self.estimators.values() for model in each.models}
        )
        self._folder = folder
        self._locks: Mapping[str, Lock] = {name: Lock() for name in self.reconstructions}
        self._loaded: dict[str, Counter] = {}

    def reconstruction(self, name: str) -> Counter:
        """The reconstruction, loaded at the first call. Raises UnknownVocabulary, DamagedVocabulary."""
        loaded = self._loaded.get(name)
        if loaded is not None:
            return loaded
        if name not in self._locks:
            raise UnknownVocabulary(name)
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = load_reconstruction(self.reconstructions[name], self._folder)
            return self._loaded[name]

    def preload(self, on_loaded: Callable[[str], None] | None = None) -> None:
        """Load all reconstructions now; `on_loaded` hears each name."""
        for name in self.reconstructions:
            self.reconstruction(name)
            if on_loaded is not None:
                on_loaded(name)


def read_estimates(folder: Path, models: Collection[str], vocabularies: Collection[str]) -> Estimates:
    """From estimates.toml and estimation/ in a registry's folder; what is not there is left out.

    Raises BadCatalogue.
    """
    home, estimates = folder / "estimation", folder / "estimates.toml"
    reconstructions = read_specs(home / "reconstructions.toml") if home.exists() else ()
    known = {*vocabularies, *(spec.name for spec in reconstructions)}
    estimators = read_estimators(estimates, models, known) if estimates.exists() else ()
    return Estimates(estimators, reconstructions, home / "data")
