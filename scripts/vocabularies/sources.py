"""sources.toml: the packages, licences, patterns and vocabularies that a build starts from."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    """What the package's file is, and so what has to be done with it."""

    RANKS = "ranks"
    TEKKEN = "tekken"
    TOKENIZER_JSON = "tokenizer-json"
    SENTENCEPIECE = "sentencepiece"


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
    """Terms, and the files that go with them."""

    key: str
    name: str
    licence_class: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How text is split before merging: for tiktoken, and where it has to differ for the reference."""

    key: str
    pattern: str
    reference: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """One vocabulary: where its file comes from and what its counts have to be."""

    name: str
    package: str
    path: str
    sha256: str
    kind: Kind
    licence: str
    probe_counts: tuple[int, ...]
    mixed_count: int
    pattern: str | None = None
    normalizer: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """The whole file; packages, licences and patterns by name."""

    packages: Mapping[str, Package]
    licence_texts: tuple[LicenceText, ...]
    licences: Mapping[str, Licence]
    patterns: Mapping[str, Pattern]
    vocabularies: tuple[Origin, ...]


def read_sources(path: Path) -> Sources:
    """A wrong key stops the build with a TypeError that names it, a missing table with a KeyError."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return Sources(
        packages={row["name"]: Package(**row) for row in document["package"]},
        licence_texts=tuple(LicenceText(**row) for row in document["licence_text"]),
        licences={row["key"]: _licence(**row) for row in document["licence"]},
        patterns={row["key"]: _pattern(**row) for row in document["pattern"]},
        vocabularies=tuple(_origin(**row) for row in document["vocabulary"]),
    )


def _licence(*, files: list[str], **row: str) -> Licence:
    return Licence(licence_class=row.pop("class"), files=tuple(files), **row)


def _pattern(*, key: str, pattern: str, reference: list[str] | None = None) -> Pattern:
    return Pattern(key, pattern, tuple(reference or ()))


def _origin(*, kind: str, probe_counts: list[int], **row: Any) -> Origin:
    return Origin(kind=Kind(kind), probe_counts=tuple(probe_counts), **row)
