"""Model names to vocabularies, each loaded once, and the counting of one text for many models."""

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from tokenizer_registry.approximation.estimates import Estimates, read_estimates
from tokenizer_registry.approximation.estimators import ErrorBand, Estimator, script_of
from tokenizer_registry.content_memory import ContentMemory
from tokenizer_registry.engines import Engines, load_vocabulary, read_engines
from tokenizer_registry.errors import DamagedVocabulary, UnknownModel, UnknownVocabulary
from tokenizer_registry.extra import Extra, read_extra
from tokenizer_registry.facts import FactsOfModels, ModelFacts, read_facts
from tokenizer_registry.models import Model, read_models
from tokenizer_registry.names import NameResolver
from tokenizer_registry.native.batch_counter import BatchCounter
from tokenizer_registry.native.packed_files import Packs
from tokenizer_registry.vocabulary import TokenCounter, Vocabulary
from tokenizer_registry.vocabulary_files import Fetchable, VocabularySpec, read_vocabularies

# Lists of models that are asked for again and again; a list of all has a thousand names.
MAX_CHOICES: Final = 256
MAX_KEPT_CHARACTERS: Final = 8_000_000


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


class Registry:
    """The models and their vocabularies. Safe to use from many threads.

    `folders` says where the files of single vocabularies are, if not in `vocabularies_folder`. `fetchable` are
    vocabularies that models name but that are not here. Without `engines` the owners' libraries count.
    """

    def __init__(
        self,
        models: Iterable[Model],
        vocabularies: Iterable[VocabularySpec],
        vocabularies_folder: Path,
        *,
        fetchable: Iterable[Fetchable] = (),
        folders: Mapping[str, Path] | None = None,
        estimates: Estimates | None = None,
        engines: Engines | None = None,
        names: NameResolver | None = None,
        facts_file: Path | None = None,
    ) -> None:
        self.models: Mapping[str, Model] = MappingProxyType({model.name: model for model in models})
        self.vocabularies: Mapping[str, VocabularySpec] = MappingProxyType({spec.name: spec for spec in vocabularies})
        self.estimates = estimates or Estimates((), (), vocabularies_folder)
        absent = {row.name: row for row in fetchable if row.name not in self.vocabularies}
        self.fetchable: Mapping[str, Fetchable] = MappingProxyType(absent)
        self.engines = engines or Engines({})
        self.names = names or NameResolver(self.models)
        self._facts_file = facts_file
        self._folder = vocabularies_folder
        self._folders = dict(folders or {})
        self._locks: Mapping[str, Lock] = {name: Lock() for name in self.vocabularies}
        self._loaded: dict[str, Vocabulary] = {}
        self._faults: dict[str, DamagedVocabulary] = {}
        self._choices: dict[tuple[str, ...], ModelSelection] = {}
        # Counts by vocabulary and texts of what many requests have, such as tools.
        self.kept_counts: ContentMemory[tuple[str, tuple[str, ...]], list[int]] = ContentMemory(MAX_KEPT_CHARACTERS)

    @classmethod
    def from_package(cls, extra_folder: Path | None = None, *, fast: bool = True) -> "Registry":
        """The registry that this package ships, and what an operator has added to it in `extra_folder`.

        Counts with the C library where engines.toml says so or, if not `fast`, with the owners' libraries. Reads the
        catalogues, loads no vocabulary yet. Raises BadCatalogue.
        """
        return cls.from_folder(Path(__file__).parent, extra_folder, fast=fast)

    @classmethod
    def from_folder(cls, folder: Path, extra_folder: Path | None = None, *, fast: bool = False) -> "Registry":
        """A registry from models.toml, vocabularies.toml, vocabularies/ and estimates.toml. Raises BadCatalogue.

        Where the extra folder has a vocabulary or a model of the same name, it is the one that counts.
        """
        shipped = read_vocabularies(folder / "vocabularies.toml")
        extra = read_extra(extra_folder) if extra_folder is not None else Extra()
        specs = {spec.name: spec for spec in (*shipped.specs, *extra.specs)}
        known = {*specs, *(row.name for row in shipped.fetchable)}
        own = read_models(extra.models, known) if extra.models is not None else ()
        taken = {model.name for model in own}
        models = [model for model in read_models(folder / "models.toml", known) if model.name not in taken]
        ordered = sorted((*models, *own), key=lambda model: (model.author, model.name))
        folders = {spec.name: extra_folder for spec in extra.specs if extra_folder is not None}
        return cls(
            ordered,
            specs.values(),
            folder / "vocabularies",
            fetchable=shipped.fetchable,
            folders=folders,
            estimates=read_estimates(folder, {model.name for model in ordered}, specs),
            engines=Engines(read_engines(folder), Packs()) if fast else None,
            facts_file=folder / "model_facts.jsonl",
        )

    @cached_property
    def facts(self) -> Mapping[str, ModelFacts]:
        """The facts of each model, read at the first use; NO_FACTS where none is known. Raises BadCatalogue.

        The facts of one model are parsed when they are first asked for, which also raises BadCatalogue.
        """
        return FactsOfModels(self.models, read_facts(self._facts_file) if self._facts_file is not None else {})

    @property
    def vocabularies_folder(self) -> Path:
        """Where the packed files of the package are."""
        return self._folder

    @property
    def faults(self) -> Mapping[str, DamagedVocabulary]:
        """The vocabularies that could not be loaded when they were last asked for, and why."""
        return MappingProxyType(self._faults.copy())

    def folder_of(self, name: str) -> Path:
        """Where the packed file of a vocabulary is."""
        return self._folders.get(name, self._folder)

    def vocabulary(self, name: str) -> Vocabulary:
        """The vocabulary, loaded at the first call. Raises UnknownVocabulary, DamagedVocabulary."""
        loaded = self._loaded.get(name)
        if loaded is not None:
            return loaded
        if name not in self._locks:
            raise UnknownVocabulary(name)
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def in_use(self) -> list[str]:
        """The vocabularies that any model has, those of many models first."""
        users = collections.Counter(
            model.vocabulary for model in self.models.values() if model.vocabulary in self.vocabularies
        )
        return [name for name, _ in users.most_common() if name is not None]

    def preload(
        self, names: Iterable[str] | None = None, on_loaded: Callable[[str], None] | None = None, threads: int = 1
    ) -> Mapping[str, DamagedVocabulary]:
        """Load these vocabularies now, or all; `on_loaded` hears each name. What is damaged is in the answer.

        Raises UnknownVocabulary. No thread is left when it returns.
        """
        chosen = list(self.vocabularies if names is None else names)
        with ThreadPoolExecutor(threads, thread_name_prefix="load") as pool:
            for name, _ in zip(chosen, pool.map(self._prepare, chosen), strict=True):
                if on_loaded is not None:
                    on_loaded(name)
        return {name: self._faults[name] for name in chosen if name in self._faults}

    def is_ready(self, models: Sequence[str]) -> bool:
        """Whether counting a text for these models would load nothing. Raises UnknownModel."""
        return self.effort(models) is not None

    def effort(self, models: Sequence[str]) -> int | None:
        """The sum of the efforts of the vocabularies that would count a text; None if one has to be loaded first.

        Raises UnknownModel.
        """
        total = 0
        for name in {self._vocabulary_of(model) for model in models}:
            if name is None or name in self._faults or name not in self.vocabularies:
                continue
            loaded = self._loaded.get(name)
            if loaded is None:
                return None
            total += loaded.effort
        return total

    def halves(self, models: Iterable[str]) -> tuple[list[str], list[str]]:
        """The distinct models in two parts of about the same effort, those of one vocabulary together.

        Raises UnknownModel.
        """
        users: dict[str | None, list[str]] = {}
        for model in dict.fromkeys(models):
            users.setdefault(self._vocabulary_of(model), []).append(model)
        loaded = self._loaded
        ordered = sorted(users, key=lambda name: -loaded[name].effort if name in loaded else 0)
        parts: tuple[list[str], list[str]] = ([], [])
        for place, name in enumerate(ordered):
            parts[place % 2].extend(users[name])
        return parts

    def count(self, text: str, models: Sequence[str], estimate: bool = False) -> list[Count]:
        """Counts in the order of `models`, duplicates included; each vocabulary cuts the text once.

        A model whose vocabulary is damaged or not here has no count, and never another vocabulary's. With `estimate`,
        a model without a count gets a labelled estimate where one exists. Raises UnknownModel before anything is
        counted, UncountableText.
        """
        chosen = tuple(models)
        found = (self._choices.get(chosen) or self._choice(chosen)).count(text)
        return self._estimated(text, models, found) if estimate else found

    def estimator(self, model: str) -> Estimator | None:
        """What estimates a model: None for one whose vocabulary is here, and for one of which too little is known."""
        return None if self._vocabulary_of(model) in self.vocabularies else self.estimates.by_model.get(model)

    def counter(self, name: str) -> TokenCounter:
        """What counts with a vocabulary or a reconstruction. Raises UnknownVocabulary, DamagedVocabulary."""
        return self.vocabulary(name) if name in self.vocabularies else self.estimates.reconstruction(name)

    def why_uncounted(self, model: str) -> str | None:
        """One sentence on why a model has no count, or None where it has one. Raises UnknownModel."""
        name = self._vocabulary_of(model)
        if name is None:
            return self.models[model].reason or "not published"
        if name in self._faults:
            return str(self._faults[name])
        if name in self.fetchable:
            return f"licence forbids shipping: weighbridge vocab fetch {name}"
        return None

    def _load(self, name: str) -> Vocabulary:
        try:
            loaded = load_vocabulary(self.vocabularies[name], self.folder_of(name), self.engines)
        except DamagedVocabulary as error:
            self._faults[name] = error
            raise
        self._faults.pop(name, None)
        return loaded

    def _prepare(self, name: str) -> Vocabulary | None:
        """Load it; what has to be packed for that is packed by a process, so that threads use all cores."""
        if name in self.vocabularies and name not in self._folders and name not in self._loaded:
            self.engines.pack_in_a_process(self.vocabularies[name])
        return self._try(name)

    def _try(self, name: str) -> Vocabulary | None:
        """The vocabulary; None if it is damaged, which is kept in `faults`. One that was is not tried again."""
        if name in self._faults:
            return None
        try:
            return self.vocabulary(name)
        except DamagedVocabulary:
            return None

    def _choice(self, models: tuple[str, ...]) -> ModelSelection:
        """A choice of these models, kept where all their vocabularies could be loaded: they stay loaded."""
        names = [self._vocabulary_of(model) for model in models]
        wanted = [name for name in dict.fromkeys(names) if name in self.vocabularies]
        present = {name: loaded for name in wanted if name and (loaded := self._try(name)) is not None}
        choice = ModelSelection(names, present)
        if len(present) == len(wanted):
            if len(self._choices) >= MAX_CHOICES:
                self._choices.clear()
            self._choices[models] = choice
        return choice

    def _tokens(self, text: str, name: str) -> int | None:
        """The count by a vocabulary or a reconstruction; None if it is damaged."""
        try:
            return self.counter(name).count(text)
        except DamagedVocabulary:
            return None

    def _estimated(self, text: str, models: Sequence[str], found: Sequence[Count]) -> list[Count]:
        """The counts, with estimates in place of those that are missing."""
        script = script_of(text)
        tokens: dict[str | None, int | None] = {count.vocabulary: count.tokens for count in found}
        counts: list[Count] = []
        for model, count in zip(models, found, strict=True):
            estimator = self.estimator(model) if count.tokens is None else None
            if estimator is None:
                counts.append(count)
                continue
            if estimator.vocabulary not in tokens:
                tokens[estimator.vocabulary] = self._tokens(text, estimator.vocabulary)
            estimate = Count(tokens[estimator.vocabulary], None, "estimate", estimator.name, estimator.bands[script])
            counts.append(count if estimate.tokens is None else estimate)
        return counts

    def _vocabulary_of(self, model: str) -> str | None:
        try:
            return self.models[model].vocabulary
        except KeyError:
            raise UnknownModel(model) from None
