"""The verification of vocabularies, which accepts the right ones and finds wrong ones."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_registry, shipped_specs
from tokenizer_registry.errors import UnknownVocabulary
from tokenizer_registry.registry import Registry
from tokenizer_registry.verification.corpus import PIECE_BYTES, corpus
from tokenizer_registry.verification.verify import Check, corpus_sha256, read_golden_counts, verify
from tokenizer_registry.vocabulary_files import VocabularySpec


def spec_of(name: str) -> VocabularySpec:
    """Return the shipped specification of a vocabulary."""
    return next(spec for spec in shipped_specs() if spec.name == name)


def failed(registry: Registry, name: str) -> set[str]:
    """Return the names of the checks that fail."""
    return {check.name for check in verify(registry, name).checks if not check.passed}


@pytest.mark.parametrize("name", ["r50k_base", "claude-2", "mistral-v3"])
def test_shipped_vocabularies_pass(name: str) -> None:
    """One vocabulary of each kind passes every check: ranks as published, converted ranks, SentencePiece."""
    heard: list[Check] = []
    verification = verify(shipped_registry(), name, heard.append)
    assert verification.passed, verification
    assert tuple(heard) == verification.checks
    golden = {"corpus", "golden"} if name != "r50k_base" else set()
    assert {check.name for check in heard} == {"sha256", "probes", "mixed text", "reference"} | golden


def test_a_wrong_split_pattern_fails() -> None:
    """A pattern that differs in one rule is found by comparison with the reference."""
    spec = spec_of("r50k_base")
    wrong = dataclasses.replace(spec, pattern=(spec.pattern or "").replace(r" ?\p{N}++", r"\p{N}{1,3}"))
    assert "reference" in failed(Registry((), [wrong], VOCABULARIES), "r50k_base")


def test_a_missing_normalizer_fails() -> None:
    """Without its normalizer Claude 2 differs from its recorded counts and from its original."""
    wrong = dataclasses.replace(spec_of("claude-2"), normalizer=None)
    assert failed(Registry((), [wrong], VOCABULARIES), "claude-2") == {"probes", "mixed text", "golden"}


def test_a_damaged_file_fails(tmp_path: Path) -> None:
    """A damaged file is one failed check that names it, and the other checks are not run."""
    spec = spec_of("llama-2")
    (tmp_path / spec.file).write_bytes(b"not xz")
    verification = verify(Registry((), [spec], tmp_path), "llama-2")
    assert not verification.passed
    assert [check.name for check in verification.checks] == ["sha256"]
    assert spec.file in verification.checks[0].detail


def test_another_vocabulary_fails_the_golden_counts(tmp_path: Path) -> None:
    """A file that was replaced together with its digests is found by its counts."""
    spec, other = spec_of("llama-2"), spec_of("mistral-v1")
    swapped = dataclasses.replace(spec, file=other.file, sha256=other.sha256, packed_sha256=other.packed_sha256)
    for file in (other.file, "golden_counts.json"):
        shutil.copy(VOCABULARIES / file, tmp_path)
    assert failed(Registry((), [swapped], tmp_path), "llama-2") == {"probes", "mixed text", "golden"}


def test_an_unknown_vocabulary_is_named() -> None:
    """An unknown name is refused by name."""
    with pytest.raises(UnknownVocabulary, match="x900k"):
        verify(shipped_registry(), "x900k")


def test_the_corpus_never_changes() -> None:
    """The corpus is byte for byte the one with which the golden counts were recorded."""
    assert corpus_sha256(corpus()) == read_golden_counts(VOCABULARIES).corpus_sha256


def test_the_corpus_is_a_megabyte_in_small_pieces() -> None:
    """Pieces are about 4 kB of valid text, a megabyte in all, and no two are equal."""
    sizes = [len(piece.encode("utf-8")) for piece in corpus()]
    assert sum(sizes) >= 1_000_000
    assert all(PIECE_BYTES <= size < 2 * PIECE_BYTES for size in sizes)
    assert len(set(corpus())) == len(sizes)
