"""What counts with a vocabulary: the C library where it is proven equal to the owner's library, or that one."""

import errno
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from tokenizer_registry.catalogue import read_catalogue
from tokenizer_registry.formats import parse_literals, parse_ranks
from tokenizer_registry.native.batch_counter import NativeEngine, NativeVocabulary
from tokenizer_registry.native.counter_set import CounterSet, CounterSetFull
from tokenizer_registry.native.first_use import pack_in_a_process, packed_at_first_use
from tokenizer_registry.native.packed_files import BadPack, Packs
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.vocabulary import CountingEngine, GuardedVocabulary, ReferenceEngine, ReferenceTokenizer
from tokenizer_registry.vocabulary_files import VocabularyFormat, VocabularySpec, check, probe_texts, unpack


def reference_engine(
    name: str, form: VocabularyFormat, content: bytes, pattern: str | None, normal_form: str | None
) -> ReferenceEngine:
    """The engine for unpacked content of this format. Raises whatever its library raises on content it cannot read.

    A library is imported when it is needed: most processes count without any of them.
    """
    match form:
        case VocabularyFormat.TIKTOKEN:
            from tokenizer_registry.backends.tiktoken import TiktokenEngine

            normalize = normalizer(normal_form) if normal_form else None
            return TiktokenEngine(name, parse_ranks(content), pattern or "", normalize)
        case VocabularyFormat.SENTENCEPIECE:
            from tokenizer_registry.backends.sentencepiece import SentencePieceEngine

            return SentencePieceEngine(content)
        case VocabularyFormat.HUGGINGFACE:
            from tokenizer_registry.backends.huggingface import HuggingFaceEngine

            return HuggingFaceEngine(content)
        case VocabularyFormat.LONGEST_MATCH:
            from tokenizer_registry.backends.longest_match import LongestMatchEngine

            return LongestMatchEngine(parse_literals(content))


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One row of engines.toml: a vocabulary that the C library counts with, as `make verify-engines` has proven.

    It holds for the vocabulary of this sha256 alone, not for another of the same name. `has_words`: no token reaches
    across the end of a word.
    """

    vocabulary: str
    sha256: str
    has_words: bool = False


class LoadedEngine(NamedTuple):
    """What counts, and the owner's library for what only that one can do."""

    engine: CountingEngine
    owner: ReferenceTokenizer


class Engines:
    """Builds engines; where the C library cannot count, the reference, with a line in the log."""

    def __init__(self, specs: Mapping[str, EngineSpec], packs: Packs | None = None) -> None:
        self._specs = specs
        self._packs = packs
        self._counter_set: CounterSet | None = None
        self._lock = Lock()
        self._told: set[str] = set()

    def build(self, spec: VocabularySpec, folder: Path) -> LoadedEngine:
        """The engine of a vocabulary whose packed file is in the folder. Raises DamagedVocabulary."""
        row = self._specs.get(spec.name)
        if self._packs is not None and row is not None and row.sha256 == spec.sha256:
            check(spec, folder)
            owner = ReferenceTokenizer(partial(_reference, spec, folder))
            engine = self._native(self._packs, spec, folder, owner, has_words=row.has_words)
            if engine is not None:
                return LoadedEngine(engine, owner)
        loaded = _reference(spec, folder)
        return LoadedEngine(loaded, ReferenceTokenizer(lambda: loaded))

    def pack_in_a_process(self, spec: VocabularySpec) -> None:
        """Have another process pack a vocabulary of the package that its first use would pack."""
        row = self._specs.get(spec.name)
        if self._packs is None or row is None or row.sha256 != spec.sha256:
            return
        if not self._packs.has(spec.name, spec.sha256):
            pack_in_a_process(spec)

    def _native(
        self, packs: Packs, spec: VocabularySpec, folder: Path, owner: ReferenceTokenizer, *, has_words: bool
    ) -> NativeEngine | None:
        try:
            packed = packs.open(spec.name, spec.sha256) if packs.has(spec.name, spec.sha256) else None
            with self._lock:
                counter_set = self._counter_set = self._counter_set or CounterSet(packs.characters())
            packed = packed or packed_at_first_use(spec, folder)
            with self._lock:
                engine = NativeEngine(counter_set, packed, owner, has_words=has_words)
            if tuple(map(engine.count, probe_texts())) == spec.probe_counts:
                return engine
            fault = f"it miscounts the probe texts of {spec.name}"
        except OSError as error:
            if error.errno == errno.ENOMEM:
                raise MemoryError from error
            fault = "it was not built for this machine (in a checkout: `make native`)"
        except BadPack as bad:
            fault = str(bad)
        except CounterSetFull:
            fault = f"it has no room for {spec.name}"
        self._tell(fault)
        return None

    def _tell(self, fault: str) -> None:
        if fault not in self._told:
            self._told.add(fault)
            log.warning("the C library does not count: %s; the owners' libraries serve", fault)


def read_engines(folder: Path) -> dict[str, EngineSpec]:
    """The rows of engines.toml, by vocabulary. Raises BadCatalogue."""
    document = read_catalogue(folder / "engines.toml")
    rows = document.tables("engine")
    document.finish()
    found = {}
    for row in rows:
        name = row.text("vocabulary")
        found[name] = EngineSpec(name, row.text("sha256"), has_words=row.flag("has_words"))
        row.finish()
    return found


def _reference(spec: VocabularySpec, folder: Path) -> ReferenceEngine:
    return reference_engine(spec.name, spec.format, unpack(spec, folder), spec.pattern, spec.normalizer)


# Times as long as the C library takes for the same text, at worst.
EFFORT_OF_OWNERS: Final = {
    VocabularyFormat.TIKTOKEN: 5,
    VocabularyFormat.SENTENCEPIECE: 10,
    VocabularyFormat.HUGGINGFACE: 40,
    VocabularyFormat.LONGEST_MATCH: 40,
}


def load_vocabulary(spec: VocabularySpec, folder: Path, engines: Engines) -> GuardedVocabulary:
    """Read, check and build. Takes 0.01 s, or 0.05 to 1 s for an owner's library. Raises DamagedVocabulary."""
    engine, owner = engines.build(spec, folder)
    if isinstance(engine, NativeEngine):
        return NativeVocabulary(spec.name, engine, owner)
    return GuardedVocabulary(spec.name, engine, owner, EFFORT_OF_OWNERS[spec.format])
