"""One vocabulary from its pinned file to its packed file and its row of vocabularies.toml."""

import base64
import dataclasses
import hashlib
import json
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sentencepiece
import tokenizers
from tokenizers import Tokenizer

from tokenizer_registry.building.conversion import Inexact, owners_numbers
from tokenizer_registry.building.originals import Original, read_original, shipped_content
from tokenizer_registry.building.packages import check, fetch, member
from tokenizer_registry.building.proof import owners_tokenizer, prove_same_tokens
from tokenizer_registry.building.sources import LicenceText, Origin, Sources
from tokenizer_registry.catalogue import TomlValue, toml_tables
from tokenizer_registry.engines import reference_engine
from tokenizer_registry.formats import parse_ranks
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.verification.references import CountAll, counter_of, sentencepiece_counter
from tokenizer_registry.vocabulary import Engine
from tokenizer_registry.vocabulary_files import VocabularyFormat, mixed_text, probe_texts
from weighbridge_base.files import replace_file

ENDINGS = {
    VocabularyFormat.TIKTOKEN: "tiktoken",
    VocabularyFormat.SENTENCEPIECE: "model",
    VocabularyFormat.HUGGINGFACE: "json",
    VocabularyFormat.LONGEST_MATCH: "txt",
}


@dataclass(frozen=True, slots=True)
class BuiltVocabulary:
    """What one vocabulary adds to the package. `golden_counts` is empty where the originals are ranks."""

    name: str
    file: str
    packed: bytes
    row: str
    golden_counts: tuple[int, ...]


def build(origin: Origin, sources: Sources, cache: Path, say: Callable[[str], None]) -> BuiltVocabulary:
    """Fetch, check, convert, prove and pack. Raises WrongDigest, FetchFailed, Inexact."""
    archive = fetch(sources.packages[origin.package], cache, say)
    original = read_original(origin, archive)
    content = shipped_content(origin, original)
    engine = engine_for(origin, sources, content)
    _check_counts(origin, engine)
    if original.document is not None:
        owners = None
        if origin.packed_format is VocabularyFormat.TIKTOKEN:
            owners = owners_numbers(original.document, parse_ranks(content))
        compared = prove_same_tokens(engine, original.document, owners)
        say(f"{origin.name}: same tokens as the original on {compared} characters")
    packed = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
    say(f"{origin.name}: {len(content)} bytes packed into {len(packed)}")
    file = packed_name(origin.name, origin.packed_format)
    row = _row(origin, sources, file, content, packed)
    return BuiltVocabulary(origin.name, file, packed, row, _golden_counts(origin, original, content))


def packed_name(name: str, form: VocabularyFormat) -> str:
    """The name of a packed file."""
    return f"{name}.{ENDINGS[form]}.xz"


def engine_for(origin: Origin, sources: Sources, content: bytes) -> Engine:
    """The engine that will count with this content."""
    pattern = sources.patterns[origin.pattern].pattern if origin.pattern else None
    return reference_engine(origin.name, origin.packed_format, content, pattern, origin.normalizer)


def _check_counts(origin: Origin, engine: Engine) -> None:
    found = (*(engine.count(text) for text in probe_texts()), engine.count(mixed_text()))
    if found != (*origin.probe_counts, origin.mixed_count):
        raise Inexact(f"{origin.name}: counts {found}, expected {origin.probe_counts}, {origin.mixed_count}")


def _golden_counts(origin: Origin, original: Original, content: bytes) -> tuple[int, ...]:
    """Of ranks that were made from a tokenizer.json, that file's counts; of a library's own file, that library's."""
    count_all: CountAll
    match origin.packed_format:
        case VocabularyFormat.SENTENCEPIECE:
            count_all = sentencepiece_counter(original.content)
        case VocabularyFormat.HUGGINGFACE:
            count_all = counter_of(Tokenizer.from_str(content.decode("utf-8")))
        case VocabularyFormat.TIKTOKEN if original.document is not None:
            count_all = counter_of(owners_tokenizer(original.document))
        case _:
            return ()
    return tuple(count_all(list(corpus())))


def _row(origin: Origin, sources: Sources, file: str, content: bytes, packed: bytes) -> str:
    package, licence = sources.packages[origin.package], sources.licences[origin.licence]
    values: dict[str, TomlValue] = {
        "name": origin.name,
        "format": str(origin.packed_format),
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "packed_sha256": hashlib.sha256(packed).hexdigest(),
        "packed_bytes": len(packed),
        "unpacked_bytes": len(content),
    }
    if origin.pattern is not None:
        pattern = sources.patterns[origin.pattern]
        values["pattern"] = pattern.pattern
        values |= {"reference_splits": pattern.reference} if pattern.reference else {}
    values |= {"normalizer": origin.normalizer} if origin.normalizer else {}
    values |= {"probe_counts": origin.probe_counts, "mixed_count": origin.mixed_count}
    source: dict[str, TomlValue] = {
        "registry": package.registry,
        "package": package.name,
        "version": package.version,
        "path": origin.path,
        "sha256": origin.sha256,
    }
    terms: dict[str, TomlValue] = {"name": licence.name, "class": licence.licence_class, "files": licence.files}
    return toml_tables(
        {"[[vocabulary]]": values, "[vocabulary.source]": source, "[vocabulary.licence]": terms},
    )


class Finished:
    """A folder of built vocabularies, each under a digest of all that it was built from and with."""

    def __init__(self, folder: Path, sources: Sources) -> None:
        self._folder = folder
        self._sources = sources
        self._tools = _tools()

    def get(self, origin: Origin) -> BuiltVocabulary | None:
        """The vocabulary as it was built from the very same things, or None."""
        path = self._path(origin)
        if not path.exists():
            return None
        kept = json.loads(path.read_bytes())
        packed = base64.b85decode(kept["packed"])
        return BuiltVocabulary(kept["name"], kept["file"], packed, kept["row"], tuple(kept["golden_counts"]))

    def put(self, origin: Origin, built: BuiltVocabulary) -> None:
        """Keep a vocabulary for the next run."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = dataclasses.asdict(built) | {"packed": base64.b85encode(built.packed).decode("ascii")}
        replace_file(self._path(origin), json.dumps(kept).encode())

    def _path(self, origin: Origin) -> Path:
        sources = self._sources
        pattern = sources.patterns[origin.pattern] if origin.pattern else None
        inputs = (origin, sources.packages[origin.package], sources.licence_of(origin), pattern, self._tools)
        return self._folder / f"{origin.name}-{hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]}.json"


def _tools() -> str:
    """A digest of the code that builds and verifies, and of the libraries' versions."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{tokenizers.__version__} {sentencepiece.__version__}".encode())
    for path in sorted([*package.rglob("*.py"), *(package / "verification").iterdir()]):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


KEPT: Final = Path(__file__).parents[1] / "vocabularies" / "LICENSES"


def licence_text(text: LicenceText, sources: Sources, cache: Path, say: Callable[[str], None]) -> bytes:
    """The whole text. Raises WrongDigest, FetchFailed."""
    if text.package is None:
        return (KEPT / text.file).read_bytes()
    archive = fetch(sources.packages[text.package], cache, say)
    content = member(archive, text.path)
    check(f"{text.path} in {archive.name}", text.sha256, content)
    return content
