"""What a registry knows of a vocabulary before loading it: its row of vocabularies.toml, and its packed file."""

import hashlib
import json
import lzma
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from tokenizer_registry.catalogue import TomlRow, read_catalogue
from tokenizer_registry.errors import DamagedVocabulary

EnumKind = TypeVar("EnumKind", bound=StrEnum)


class VocabularyFormat(StrEnum):
    """What is in a vocabulary's file, and so which library reads it."""

    TIKTOKEN = "tiktoken"
    SENTENCEPIECE = "sentencepiece"
    HUGGINGFACE = "huggingface"
    LONGEST_MATCH = "longest-match"


class LicenceClass(StrEnum):
    """Free, or with terms and a notice that have to be passed on; the others are never shipped."""

    FREE = "free"
    CONDITIONAL = "conditional"
    NON_COMMERCIAL = "non-commercial"
    UNKNOWN = "unknown"
    PRIVATE = "private"

    @property
    def may_be_shipped(self) -> bool:
        """Whether a vocabulary of this class travels with the package."""
        return self in (LicenceClass.FREE, LicenceClass.CONDITIONAL)


@dataclass(frozen=True, slots=True)
class VocabularySource:
    """The file of a public package that the vocabulary was made from. `sha256` is that file's."""

    registry: str
    package: str
    version: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class VocabularyLicence:
    """Whose terms hold; `files` are in vocabularies/LICENSES."""

    name: str
    licence_class: LicenceClass
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VocabularySpec:
    """One row of vocabularies.toml.

    `file` is packed with xz; `sha256` is of its unpacked content. `pattern`, `normalizer` and
    `reference_splits` are for rank files alone. `probe_counts` and `mixed_count` are tokens of the texts in
    `verification`.
    """

    name: str
    format: VocabularyFormat
    file: str
    sha256: str
    packed_sha256: str
    packed_bytes: int
    unpacked_bytes: int
    pattern: str | None
    normalizer: str | None
    reference_splits: tuple[str, ...]
    probe_counts: tuple[int, ...]
    mixed_count: int
    source: VocabularySource
    licence: VocabularyLicence


@dataclass(frozen=True, slots=True)
class Fetchable:
    """A vocabulary that may not be shipped: whoever accepts its licence fetches it."""

    name: str
    licence: str
    licence_class: LicenceClass


@dataclass(frozen=True, slots=True)
class VocabularyCatalogue:
    """A whole vocabularies.toml."""

    specs: tuple[VocabularySpec, ...] = ()
    fetchable: tuple[Fetchable, ...] = ()


def read_vocabularies(path: Path) -> VocabularyCatalogue:
    """The vocabularies of a file, in its order.

    Raises BadCatalogue for a missing, unknown or impossible value, or a repeated name.
    """
    document = read_catalogue(path)
    rows = document.tables("vocabulary")
    fetchable = document.tables("fetchable") if document.has("fetchable") else []
    document.finish()
    specs: dict[str, VocabularySpec] = {}
    for row in rows:
        spec = _spec(row)
        if spec.name in specs:
            raise row.fault(f"the name {spec.name!r} is taken by an earlier vocabulary")
        specs[spec.name] = spec
    return VocabularyCatalogue(tuple(specs.values()), tuple(_fetchable(row) for row in fetchable))


def read_specs(path: Path) -> tuple[VocabularySpec, ...]:
    """The vocabularies of a file that are there. Raises BadCatalogue."""
    return read_vocabularies(path).specs


def _fetchable(row: TomlRow) -> Fetchable:
    found = Fetchable(row.text("name"), row.text("licence"), _choice(row, LicenceClass, "class"))
    row.finish()
    return found


def _spec(row: TomlRow) -> VocabularySpec:
    spec = VocabularySpec(
        name=row.text("name"),
        format=_choice(row, VocabularyFormat, "format"),
        file=row.text("file"),
        sha256=row.text("sha256"),
        packed_sha256=row.text("packed_sha256"),
        packed_bytes=row.count("packed_bytes"),
        unpacked_bytes=row.count("unpacked_bytes"),
        pattern=row.optional_text("pattern"),
        normalizer=row.optional_text("normalizer"),
        reference_splits=row.texts("reference_splits"),
        probe_counts=row.counts("probe_counts"),
        mixed_count=row.count("mixed_count"),
        source=_source(row.table("source")),
        licence=_licence(row.table("licence")),
    )
    row.finish()
    if (spec.format is VocabularyFormat.TIKTOKEN) != (spec.pattern is not None):
        raise row.fault("pattern must be given for the format tiktoken, and for no other")
    return spec


def _source(row: TomlRow) -> VocabularySource:
    source = VocabularySource(
        registry=row.text("registry"),
        package=row.text("package"),
        version=row.text("version"),
        path=row.text("path"),
        sha256=row.text("sha256"),
    )
    row.finish()
    return source


def _licence(row: TomlRow) -> VocabularyLicence:
    licence = VocabularyLicence(
        name=row.text("name"), licence_class=_choice(row, LicenceClass, "class"), files=row.texts("files")
    )
    row.finish()
    return licence


def _choice(row: TomlRow, kind: type[EnumKind], key: str) -> EnumKind:
    value = row.text(key)
    try:
        return kind(value)
    except ValueError:
        raise row.fault(f"{key} must be one of {', '.join(kind)}, not {value!r}") from None


def unpack(spec: VocabularySpec, folder: Path) -> bytes:
    """The unpacked content of the vocabulary's file in `folder`. Raises DamagedVocabulary."""
    content = lzma.decompress(check(spec, folder))
    _check(spec.name, folder / spec.file, spec.sha256, content)
    return content


def check(spec: VocabularySpec, folder: Path) -> bytes:
    """The vocabulary's packed file, which is the one that was shipped. Raises DamagedVocabulary."""
    path = folder / spec.file
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise DamagedVocabulary(spec.name, path, spec.packed_sha256, error.strerror or "no file") from error
    _check(spec.name, path, spec.packed_sha256, packed)
    return packed


def _check(name: str, path: Path, expected: str, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DamagedVocabulary(name, path, expected, found)


def probe_texts() -> tuple[str, ...]:
    """Three short texts: prose, several scripts, code."""
    texts: list[str] = json.loads(_read("probes.json"))
    return tuple(texts)


def mixed_text() -> str:
    """4 kB: code, many scripts, emoji sequences, digits, white space, HTML, addresses, combining marks."""
    return _read("mixed.txt")


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_bytes().decode("utf-8")
