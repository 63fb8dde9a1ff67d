"""An operator's own vocabulary: a file of one of three kinds, looked at closely before it is taken in."""

import hashlib
import json
import lzma
from dataclasses import dataclass
from typing import Any, Final

from tokenizer_registry.building.build import BuiltVocabulary, packed_name
from tokenizer_registry.building.conversion import NEVER_IN_UTF8, content_of_document, plain_document
from tokenizer_registry.catalogue import TomlValue, toml_tables
from tokenizer_registry.engines import reference_engine
from tokenizer_registry.formats import parse_ranks
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.vocabulary import Engine, GuardedCounter
from tokenizer_registry.vocabulary_files import LicenceClass, VocabularyFormat, mixed_text, probe_texts

# Enough to meet every script and every kind of white space of the corpus.
SAMPLE_BYTES: Final = 200_000


class Unsuitable(Exception):
    """The file or the options cannot be used. The message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Splitting:
    """How ranks want their text: for rank files alone."""

    pattern: str | None = None
    normalizer: str | None = None
    reference_splits: tuple[str, ...] = ()


def private_vocabulary(name: str, file: str, content: bytes, splitting: Splitting) -> BuiltVocabulary:
    """The vocabulary, packed, with its row. Raises Unsuitable."""
    if not content.strip():
        raise Unsuitable(f"{file} is empty.")
    form = _format(content)
    if form is VocabularyFormat.TIKTOKEN and not splitting.pattern:
        raise Unsuitable(
            f"{file} is a rank file, which needs --pattern, or --like with a vocabulary that splits alike."
        )
    if form is not VocabularyFormat.TIKTOKEN and splitting != Splitting():
        raise Unsuitable(f"{file} says itself how text is split: leave --pattern, --like and --normalizer out.")
    shipped = content_of_document(_plain(file, content)) if form is VocabularyFormat.HUGGINGFACE else content
    engine = _engine(name, file, form, shipped, splitting)
    if form is VocabularyFormat.TIKTOKEN:
        _prove_lossless(file, shipped, engine, splitting.normalizer)
    probes, mixed = _counts(name, file, engine)
    packed = lzma.compress(shipped, preset=6)
    values: dict[str, TomlValue] = {
        "name": name,
        "format": str(form),
        "file": packed_name(name, form),
        "sha256": hashlib.sha256(shipped).hexdigest(),
        "packed_sha256": hashlib.sha256(packed).hexdigest(),
        "packed_bytes": len(packed),
        "unpacked_bytes": len(shipped),
    }
    values |= {"pattern": splitting.pattern} if splitting.pattern else {}
    values |= {"reference_splits": splitting.reference_splits} if splitting.reference_splits else {}
    values |= {"normalizer": splitting.normalizer} if splitting.normalizer else {}
    values |= {"probe_counts": probes, "mixed_count": mixed}
    source: dict[str, TomlValue] = {
        "registry": "file",
        "package": "private",
        "version": "1",
        "path": file,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    terms: dict[str, TomlValue] = {"name": "private", "class": str(LicenceClass.PRIVATE), "files": ()}
    row = toml_tables({"[[vocabulary]]": values, "[vocabulary.source]": source, "[vocabulary.licence]": terms})
    return BuiltVocabulary(name, packed_name(name, form), packed, row, ())


def _format(content: bytes) -> VocabularyFormat:
    """By what the file holds, not by its name."""
    if content.lstrip()[:1] == b"{":
        return VocabularyFormat.HUGGINGFACE
    first = content.split(b"\n", 1)[0].split()
    if len(first) == 2 and first[1].isdigit():
        return VocabularyFormat.TIKTOKEN
    return VocabularyFormat.SENTENCEPIECE


def _plain(file: str, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
        return plain_document({"added_tokens": [], **document})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unsuitable(f"{file} is JSON, but not a whole tokenizer.json: {_reason(error)}.") from None


def _engine(name: str, file: str, form: VocabularyFormat, content: bytes, splitting: Splitting) -> Engine:
    if form is VocabularyFormat.TIKTOKEN:
        _check_ranks(file, content)
    try:
        return reference_engine(name, form, content, splitting.pattern, splitting.normalizer)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        kind = {VocabularyFormat.TIKTOKEN: "a usable pattern", VocabularyFormat.HUGGINGFACE: "a tokenizer.json"}
        what = kind.get(form, "a rank file, a tokenizer.json or a SentencePiece model")
        raise Unsuitable(f"{file} with these options is not {what}: {_reason(error)}.") from None


def _check_ranks(file: str, content: bytes) -> None:
    lines = content.splitlines()
    try:
        ranks = parse_ranks(content)
    except ValueError as error:
        raise Unsuitable(f"{file} is not a whole rank file: {_reason(error)}.") from None
    if len(ranks) != len(lines) or len(set(ranks.values())) != len(ranks):
        raise Unsuitable(f"{file} gives a token or a rank twice.")
    missing = set(range(256)) - {token[0] for token in ranks if len(token) == 1} - NEVER_IN_UTF8
    if missing:
        raise Unsuitable(f"{file} has no token for {len(missing)} of the bytes that texts are made of.")


def _prove_lossless(file: str, content: bytes, engine: Engine, normal_form: str | None) -> None:
    """A pattern that leaves characters out would lose them from the count."""
    token_of = {rank: token for token, rank in parse_ranks(content).items()}
    normalize = normalizer(normal_form) if normal_form else str
    for text in _sample():
        try:
            tokens = engine.encode(text)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            raise Unsuitable(f"{file} with this pattern cannot cut a sample text: {_reason(error)}.") from None
        if b"".join(token_of[token] for token in tokens) != normalize(text).encode("utf-8"):
            raise Unsuitable(f"{file} with this pattern loses characters: the pattern has to match every character.")


def _counts(name: str, file: str, engine: Engine) -> tuple[tuple[int, ...], int]:
    vocabulary = GuardedCounter(name, engine)
    try:
        counts = [vocabulary.count(text) for text in _sample()]
    except Exception as error:
        raise Unsuitable(f"{file} cannot cut a sample text: {_reason(error)}.") from None
    if not all(counts):
        raise Unsuitable(f"{file} finds no token in a sample text.")
    probes = probe_texts()
    return tuple(counts[: len(probes)]), counts[len(probes)]


def _sample() -> tuple[str, ...]:
    return (*probe_texts(), mixed_text(), *corpus(size_bytes=SAMPLE_BYTES))


def _reason(error: BaseException) -> str:
    """The first line of what a library says, short enough for a sentence."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}, {said[0][:150]}" if said else type(error).__name__
