"""The library for the instructions that a processor has: which one is used, and that all count the same."""

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from tokenizer_registry import Registry
from tokenizer_registry.native import library
from tokenizer_registry.native.instruction_levels import BASELINE, X86_64, levels_of, usable_level
from tokenizer_registry.verification.corpus import corpus

SECOND, THIRD = (" ".join(sorted(flags)) for flags in X86_64.values())
# Up to the one that is used here, in the order of their names.
USABLE = [level for level in levels_of(platform.machine()) if level <= usable_level()]
# Of bytes, of characters, of unigrams by words and of whole texts, and of pieces of words.
VOCABULARIES = ("o200k_base", "qwen2", "gemma-3", "aya-101", "jurassic-2", "bert-uncased", "rwkv")


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        ("x86_64", f"fpu sse2 {SECOND} {THIRD} avx512f", "x86_64_v3"),
        ("AMD64", f"fpu sse2 {SECOND} {THIRD}", "x86_64_v3"),
        ("x86_64", f"fpu sse2 {SECOND} {THIRD}".replace(" avx2", ""), "x86_64_v2"),
        ("x86_64", f"fpu sse2 {THIRD}", BASELINE),
        ("x86_64", "fpu sse2", BASELINE),
        ("aarch64", f"{SECOND} {THIRD}", BASELINE),
    ],
)
def test_the_level_is_the_highest_that_is_whole(tmp_path: Path, machine: str, flags: str, expected: str) -> None:
    """A processor that lacks one instruction of a level has the level below."""
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert usable_level(file, machine) == expected


def test_instructions_that_are_not_listed_are_not_used(tmp_path: Path) -> None:
    """Without the file of the system, or without flags in it, the library for any processor is used."""
    assert usable_level(tmp_path / "missing", "x86_64") == BASELINE
    file = tmp_path / "cpuinfo"
    file.write_bytes(b"\xff\n")
    assert usable_level(file, "x86_64") == BASELINE


@pytest.fixture(params=USABLE)
def registry_of_level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Yield the registry of the package, whose counter set is of the library for one level."""
    monkeypatch.setattr(library, "usable_level", lambda: request.param)
    library.library.cache_clear()
    yield Registry.from_package()
    library.library.cache_clear()


def test_all_levels_count_the_same(registry_of_level: Registry, fast: Registry) -> None:
    """Pieces of the corpus have the counts of the library that is used."""
    pieces = list(corpus(seed=6, size_bytes=200_000))
    for name in VOCABULARIES:
        assert registry_of_level.vocabulary(name).count_batch(pieces) == fast.vocabulary(name).count_batch(pieces), name


def test_each_level_has_its_file() -> None:
    """All files that are looked for have been built."""
    assert all(file.exists() for file in library.files())
