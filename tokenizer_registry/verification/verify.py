"""Proof, on this machine, that a vocabulary is the one that was shipped and is cut as its owner cuts it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tokenizer_registry.errors import DamagedVocabulary, UnknownVocabulary
from tokenizer_registry.registry import Registry
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.vocabulary import TokenCounter
from tokenizer_registry.vocabulary_files import VocabularySpec, mixed_text, probe_texts, unpack


@dataclass(frozen=True, slots=True)
class GoldenCounts:
    """Tokens of each piece of the corpus, by vocabulary; `corpus_sha256` tells which corpus."""

    corpus_sha256: str
    counts: Mapping[str, tuple[int, ...]]


def read_golden_counts(folder: Path) -> GoldenCounts:
    """From golden_counts.json in the vocabularies' folder."""
    document = json.loads((folder / "golden_counts.json").read_text(encoding="utf-8"))
    return GoldenCounts(document["corpus_sha256"], {name: tuple(counts) for name, counts in document["counts"].items()})


def corpus_sha256(pieces: Iterable[str]) -> str:
    """The digest of the pieces, one after the other, in UTF-8."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece.encode("utf-8"))
    return digest.hexdigest()


class Check(NamedTuple):
    """One thing that was looked at, and what was found."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of one vocabulary."""

    vocabulary: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def verify(registry: Registry, name: str, on_check: Callable[[Check], None] | None = None) -> Verification:
    """Check digests, recorded counts, and a megabyte of mixed text against an independent reference.

    A reconstruction has no owner's library to be compared with: its digest and recorded counts are checked. Takes 2 to
    6 s; `on_check` hears each check as it is done. Raises UnknownVocabulary.
    """
    checks: list[Check] = []

    def done(check: Check) -> None:
        checks.append(check)
        if on_check is not None:
            on_check(check)

    spec = registry.vocabularies.get(name) or registry.estimates.reconstructions.get(name)
    if spec is None:
        raise UnknownVocabulary(name)
    try:
        vocabulary = registry.counter(name)
    except DamagedVocabulary as error:
        done(Check("sha256", False, str(error)))
        return Verification(name, tuple(checks))
    done(Check("sha256", True, spec.sha256))
    done(_probes(vocabulary, spec))
    done(_mixed(vocabulary, spec))
    if name not in registry.vocabularies:
        return Verification(name, tuple(checks))
    from tokenizer_registry.verification.references import reference_counter  # with the libraries of all owners

    content = unpack(spec, registry.folder_of(name))
    pieces = list(corpus())
    counts = [vocabulary.count(piece) for piece in pieces]
    done(_compared("reference", counts, reference_counter(spec, content)(pieces)))
    golden = read_golden_counts(registry.vocabularies_folder)
    if name in golden.counts:
        done(Check("corpus", corpus_sha256(pieces) == golden.corpus_sha256, golden.corpus_sha256))
        done(_compared("golden", counts, golden.counts[name]))
    return Verification(name, tuple(checks))


def _probes(vocabulary: TokenCounter, spec: VocabularySpec) -> Check:
    found = tuple(vocabulary.count(text) for text in probe_texts())
    return Check("probes", found == spec.probe_counts, f"{found}, recorded {spec.probe_counts}")


def _mixed(vocabulary: TokenCounter, spec: VocabularySpec) -> Check:
    found = vocabulary.count(mixed_text())
    return Check("mixed text", found == spec.mixed_count, f"{found}, recorded {spec.mixed_count}")


def _compared(name: str, found: Sequence[int], expected: Sequence[int]) -> Check:
    """Piece by piece, so that differences cannot cancel out."""
    if len(found) != len(expected):
        return Check(name, False, f"{len(found)} pieces, expected {len(expected)}")
    different = [at for at in range(len(found)) if found[at] != expected[at]]
    if different:
        at = different[0]
        first = f"first piece {at}: {found[at]}, expected {expected[at]}"
        return Check(name, False, f"{len(different)} of {len(found)} pieces differ, {first}")
    return Check(name, True, f"{sum(found)} tokens in {len(found)} pieces agree")
