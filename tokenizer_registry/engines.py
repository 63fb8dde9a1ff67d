"""Which library counts with a vocabulary: the fastest that is proven equal to the owner's, or the owner's own."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tokenizer_registry.catalogue import read_catalogue
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.owner_engine import owner_engine
from tokenizer_registry.packed import unpack
from tokenizer_registry.routed_engine import RoutedEngine
from tokenizer_registry.spec import Format, VocabularySpec
from tokenizer_registry.verification.probes import probe_texts
from tokenizer_registry.vocabulary import Engine, Owner, OwnerEngine
from tokenizer_registry.word_engine import WordEngine
from tokenizer_registry.words import WordTable

log = logging.getLogger(__name__)


class Library(StrEnum):
    """What cuts: the owner's library, which is the reference, or one that is equal and faster.

    For a pattern that splintr has no scanner of its own for, its built-in regular expressions err on rare characters;
    with PCRE2 they do not.
    """

    REFERENCE = "reference"
    SPLINTR = "splintr"
    SPLINTR_PCRE2 = "splintr-pcre2"


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One row of engines.toml: how a vocabulary is counted with, as `make verify-engines` has proven.

    It holds for the vocabulary of this sha256 alone, not for another of the same name. `has_words`: no token reaches
    across the end of a word. `adds_prefix`: the vocabulary's normalizer puts a space in front of a text. `pattern`: the
    split pattern in the library's own words, where they differ from the owner's. `unlike`: characters that the library
    takes for something else than the owner's does; texts with one of them go to the owner's. `longest_run`: so do
    texts with more spaces, tabs or line feeds in a row, which take the library too long.
    """

    vocabulary: str
    sha256: str
    library: Library
    has_words: bool = False
    adds_prefix: bool = False
    pattern: str | None = None
    unlike: str | None = None
    longest_run: int | None = None


class Built(NamedTuple):
    """What counts, the owner's library for what it cannot do, and whether it is faster than that."""

    engine: Engine
    owner: Owner
    is_fast: bool


class Engines:
    """Builds engines; where a fast one cannot be had, the reference, with a line in the log."""

    def __init__(self, specs: Mapping[str, EngineSpec]) -> None:
        self.table = WordTable()
        self._specs = specs
        self._told: set[str] = set()
        self._splintr_process: int | None = None

    def build(self, spec: VocabularySpec, folder: Path) -> Built:
        """The engine of a vocabulary whose packed file is in the folder. Raises DamagedVocabulary."""
        content = unpack(spec, folder)
        row = self._specs.get(spec.name)
        if row is None or row.sha256 != spec.sha256:
            return _owners(spec, content)
        if row.library is Library.REFERENCE:
            # It is not tried: `tokenizers` must not have counted before workers are forked.
            owners = _owners(spec, content)
            return owners._replace(engine=self._with_words(row, owners.engine))
        if not self._may_load_splintr():
            self._tell("splintr was in use before this process was forked")
            return _owners(spec, content)
        owner = Owner(partial(_reference, spec, folder))
        try:
            engine = self._with_words(row, _routed(row, _splintr(spec, row, content), owner))
            if tuple(map(engine.count, probe_texts())) == spec.probe_counts:
                return Built(engine, owner, is_fast=True)
            fault = f"{row.library} miscounts the probe texts of {spec.name}"
        except ImportError:
            fault = "the package splintr-rs cannot be imported"
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of a library written in Rust is no Exception
            fault = f"{row.library} cannot load {spec.name} ({type(error).__name__})"
        self._tell(fault)
        return _owners(spec, content)

    def _with_words(self, row: EngineSpec, engine: Engine) -> Engine:
        if not row.has_words:
            return engine
        return WordEngine(
            row.vocabulary,
            engine,
            self.table,
            adds_prefix=row.adds_prefix,
            is_quick=row.library is not Library.REFERENCE,
        )

    def _may_load_splintr(self) -> bool:
        """Not in a process that was forked after it loaded something: it would wait for threads that are gone."""
        if self._splintr_process is None:
            self._splintr_process = os.getpid()
        return self._splintr_process == os.getpid()

    def _tell(self, fault: str) -> None:
        if fault not in self._told:
            self._told.add(fault)
            log.warning("fast engine not in use: %s; the owners' libraries serve", fault)


def read_engines(folder: Path) -> dict[str, EngineSpec]:
    """The rows of engines.toml, by vocabulary. Raises BadCatalogue."""
    document = read_catalogue(folder / "engines.toml")
    rows = document.tables("engine")
    document.finish()
    found = {}
    for row in rows:
        name = row.text("vocabulary")
        library = row.text("library")
        if library not in tuple(Library):
            raise row.fault(f"library must be one of {', '.join(Library)}, not {library!r}")
        found[name] = EngineSpec(
            name,
            row.text("sha256"),
            Library(library),
            has_words=row.flag("has_words"),
            adds_prefix=row.flag("adds_prefix"),
            pattern=row.optional_text("pattern"),
            unlike=row.optional_text("unlike"),
            longest_run=row.count("longest_run") if row.has("longest_run") else None,
        )
        row.finish()
    return found


def _owners(spec: VocabularySpec, content: bytes) -> Built:
    engine = owner_engine(spec.name, spec.format, content, spec.pattern, spec.normalizer)
    return Built(engine, Owner(lambda: engine), is_fast=False)


def _reference(spec: VocabularySpec, folder: Path) -> OwnerEngine:
    return owner_engine(spec.name, spec.format, unpack(spec, folder), spec.pattern, spec.normalizer)


def _routed(row: EngineSpec, engine: Engine, owner: Owner) -> Engine:
    if row.unlike is None and row.longest_run is None:
        return engine
    return RoutedEngine(engine, row.unlike, row.longest_run, owner)


def _splintr(spec: VocabularySpec, row: EngineSpec, content: bytes) -> Engine:
    from tokenizer_registry.backends import splintr  # may be missing, which only this call should notice

    if spec.format is Format.HUGGINGFACE:
        return splintr.json_engine(content)
    normalize = normalizer(spec.normalizer) if spec.normalizer else None
    return splintr.rank_engine(
        content, row.pattern or spec.pattern or "", normalize, pcre2=row.library is Library.SPLINTR_PCRE2
    )
