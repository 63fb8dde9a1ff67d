"""sources.toml: the packages, licences, patterns and vocabularies that a build starts from."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from tokenizer_registry.vocabulary_files import LicenceClass, VocabularyFormat

SOURCES: Final = Path(__file__).with_name("sources.toml")


class SourceKind(StrEnum):
    """What the package's file is, and so what has to be done with it."""

    RANKS = "ranks"
    TEKKEN = "tekken"
    SPLINTR = "splintr"
    TOKENIZER_JSON = "tokenizer-json"
    UNPREFIXED_JSON = "unprefixed-json"
    CODEGEN_JSON = "codegen-json"
    GGUF_BPE = "gguf-bpe"
    SENTENCEPIECE = "sentencepiece"
    PLAIN_SENTENCEPIECE = "plain-sentencepiece"
    GGUF_SENTENCEPIECE = "gguf-sentencepiece"
    T5_HEADER = "t5-header"
    CLIP_MERGES = "clip-merges"
    BERT_WORDS = "bert-words"
    LONGEST_MATCH = "longest-match"


SENTENCEPIECE_KINDS: Final = frozenset(
    {SourceKind.SENTENCEPIECE, SourceKind.PLAIN_SENTENCEPIECE, SourceKind.GGUF_SENTENCEPIECE}
)
# What is packed for a kind, where it is neither ranks nor stated.
FORMATS: Final[Mapping[SourceKind, VocabularyFormat]] = {
    **dict.fromkeys(SENTENCEPIECE_KINDS, VocabularyFormat.SENTENCEPIECE),
    **dict.fromkeys(
        (SourceKind.UNPREFIXED_JSON, SourceKind.T5_HEADER, SourceKind.CLIP_MERGES, SourceKind.BERT_WORDS),
        VocabularyFormat.HUGGINGFACE,
    ),
    SourceKind.LONGEST_MATCH: VocabularyFormat.LONGEST_MATCH,
}


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a public package. `archive` is the name its client saves it under."""

    name: str
    registry: str
    version: str
    archive: str
    sha256: str


@dataclass(frozen=True, slots=True)
class LicenceText:
    """A file of LICENSES; without a package it is kept there by hand."""

    file: str
    package: str | None = None
    path: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms, and the files that go with them. `url` is where their owner publishes them."""

    key: str
    name: str
    licence_class: LicenceClass
    files: tuple[str, ...]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """How text is split before merging: for tiktoken, and where it has to differ for the reference."""

    key: str
    pattern: str
    reference: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """One vocabulary: where its file comes from and what its counts have to be.

    `sha256` is the digest of the file at `path`; for splintr, of the rank file that comes out. `vectors` names the
    llama.cpp files of texts and tokens that `make verify-vocabularies` compares with. `checked` says how the file
    was shown to be the owner's. `words` are added tokens that are text which people write, not markers.
    """

    name: str
    package: str
    path: str
    sha256: str
    kind: SourceKind
    licence: str
    probe_counts: tuple[int, ...]
    mixed_count: int
    checked: str
    pattern: str | None = None
    normalizer: str | None = None
    format: VocabularyFormat | None = None
    ranks: int = 0
    vectors: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    owner: str = ""

    @property
    def packed_format(self) -> VocabularyFormat:
        """What is in the packed file."""
        if self.format is not None:
            return self.format
        return FORMATS.get(self.kind, VocabularyFormat.TIKTOKEN)


@dataclass(frozen=True, slots=True)
class Sources:
    """The whole file; packages, licences and patterns by name."""

    packages: Mapping[str, Package]
    licence_texts: tuple[LicenceText, ...]
    licences: Mapping[str, Licence]
    patterns: Mapping[str, Pattern]
    vocabularies: tuple[Origin, ...]

    def licence_of(self, origin: Origin) -> Licence:
        """Whose terms hold for a vocabulary."""
        return self.licences[origin.licence]

    @property
    def shipped(self) -> tuple[Origin, ...]:
        """The vocabularies whose licence lets them travel with the package."""
        return tuple(origin for origin in self.vocabularies if self.licence_of(origin).licence_class.may_be_shipped)

    @property
    def fetchable(self) -> tuple[Origin, ...]:
        """The others: whoever accepts their licence fetches them."""
        return tuple(origin for origin in self.vocabularies if origin not in self.shipped)


def read_sources(path: Path = SOURCES) -> Sources:
    """From sources.toml. A wrong key stops the build with a TypeError that names it, a missing one with a KeyError."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return Sources(
        packages={row["name"]: Package(**row) for row in document["package"]},
        licence_texts=tuple(LicenceText(**row) for row in document["licence_text"]),
        licences={row["key"]: _licence(**row) for row in document["licence"]},
        patterns={row["key"]: _pattern(**row) for row in document["pattern"]},
        vocabularies=tuple(_origin(**row) for row in document["vocabulary"]),
    )


def _licence(*, files: list[str], **row: str) -> Licence:
    return Licence(licence_class=LicenceClass(row.pop("class")), files=tuple(files), **row)


def _pattern(*, key: str, pattern: str, reference: list[str] | None = None) -> Pattern:
    return Pattern(key, pattern, tuple(reference or ()))


def _origin(*, kind: str, probe_counts: list[int], **row: Any) -> Origin:
    form = VocabularyFormat(row.pop("format")) if "format" in row else None
    vectors, words = tuple(row.pop("vectors", ())), tuple(row.pop("words", ()))
    counts = tuple(probe_counts)
    return Origin(kind=SourceKind(kind), probe_counts=counts, format=form, vectors=vectors, words=words, **row)
