"""All estimators and reconstructions of a registry, each reconstruction loaded once."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from tokenizer_registry.approximation.estimators import Estimator, read_estimators
from tokenizer_registry.approximation.marked_text import DIALECTS
from tokenizer_registry.approximation.runs import read_classes
from tokenizer_registry.errors import UnknownVocabulary
from tokenizer_registry.vocabulary import GuardedCounter, TokenCounter
from tokenizer_registry.vocabulary_files import VocabularySpec, read_specs, unpack


def load_reconstruction(spec: VocabularySpec, folder: Path) -> TokenCounter:
    """Read, check and build; takes 0.1 to 0.3 s. Raises DamagedVocabulary, BadCatalogue, UnknownVocabulary."""
    if spec.name not in DIALECTS:
        raise UnknownVocabulary(spec.name)
    from tokenizer_registry.approximation.reconstruction import (
        Reconstruction,
    )  # with its library, which few processes need

    classes = read_classes(folder / "characters.toml")
    return GuardedCounter(spec.name, Reconstruction(unpack(spec, folder), classes, DIALECTS[spec.name]))


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
        self._loaded: dict[str, TokenCounter] = {}

    def reconstruction(self, name: str) -> TokenCounter:
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
    """From estimates.toml and approximation/ in a registry's folder; what is not there is left out.

    Raises BadCatalogue.
    """
    home, estimates = folder / "approximation", folder / "estimates.toml"
    reconstructions = read_specs(home / "reconstructions.toml") if home.exists() else ()
    known = {*vocabularies, *(spec.name for spec in reconstructions)}
    estimators = read_estimators(estimates, models, known) if estimates.exists() else ()
    return Estimates(estimators, reconstructions, home / "data")
