"""An operator's own vocabularies: which files are accepted, and how they are found again."""

import lzma
from pathlib import Path

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.building.private import Splitting, Unsuitable, private_vocabulary
from tokenizer_registry.extra import add_model, add_vocabulary
from tokenizer_registry.registry import Registry
from tokenizer_registry.verification.verify import verify
from tokenizer_registry.vocabulary_files import VocabularySpec, unpack


def spec_of(name: str) -> VocabularySpec:
    """Return the shipped specification of a vocabulary."""
    return next(spec for spec in shipped_specs() if spec.name == name)


def content_of(name: str) -> bytes:
    """Return a shipped vocabulary's unpacked file."""
    return unpack(spec_of(name), VOCABULARIES)


R50K = Splitting(spec_of("r50k_base").pattern)


@pytest.mark.parametrize(
    ("like", "file"), [("r50k_base", "x.tiktoken"), ("llama-2", "x.model"), ("bert-uncased", "tokenizer.json")]
)
def test_each_kind_is_taken_in(tmp_path: Path, like: str, file: str) -> None:
    """A copied file of each kind counts as the shipped vocabulary, and passes the verification."""
    spec = spec_of(like)
    built = private_vocabulary(
        "mine", file, content_of(like), Splitting(spec.pattern, spec.normalizer, spec.reference_splits)
    )
    add_vocabulary(tmp_path, built.file, built.packed, built.row)
    add_model(tmp_path, {"name": "my-model", "author": "Us", "display_name": "My Model", "vocabulary": "mine"})
    registry = Registry.from_package(tmp_path)
    assert registry.vocabularies["mine"].probe_counts == spec.probe_counts
    count = registry.count("Felis nunc phasellus arcu ad bibendum elementum taciti.", ["my-model"])[0]
    assert (count.tokens, count.vocabulary, count.method) == (spec.probe_counts[0], "mine", "exact")
    assert verify(registry, "mine").passed


@pytest.mark.parametrize(
    ("content", "splitting", "fault"),
    [
        (b"", Splitting(), "is empty"),
        (
            b"\x89PNG\r\n\x1a\n" + bytes(100),
            Splitting(),
            "is not a rank file, a tokenizer.json or a SentencePiece model",
        ),
        (b"{", Splitting(), "is JSON, but not a whole tokenizer.json"),
        (b'{"model": 3}', Splitting(), "is JSON, but not a whole tokenizer.json"),
        (b'{"model": {"type": "Other"}}', Splitting(), "is not a tokenizer.json"),
        (b"YQ== 0\n", Splitting(), "needs --pattern"),
        (b"YQ== 0\n", R50K, "no token for 242 of the bytes"),
        (b"YQ== 0\nYQ== 1\n", R50K, "a token or a rank twice"),
        (b"YQ== 0\nnot a line\n", R50K, "is not a whole rank file"),
    ],
)
def test_other_files_are_refused(content: bytes, splitting: Splitting, fault: str) -> None:
    """A broken file, or one of another kind, is refused with a sentence that names it."""
    with pytest.raises(Unsuitable, match=fault) as refused:
        private_vocabulary("mine", "given.bin", content, splitting)
    assert str(refused.value).startswith("given.bin")
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [(r"(unclosed", "not a usable pattern"), (r"\w+", "loses characters"), (r"[a-z]+| ", "loses characters")],
)
def test_wrong_patterns_are_refused(pattern: str, fault: str) -> None:
    """An invalid pattern, or one that does not match every character, is refused."""
    with pytest.raises(Unsuitable, match=fault):
        private_vocabulary("mine", "x.tiktoken", content_of("r50k_base"), Splitting(pattern))


def test_a_truncated_file_is_refused() -> None:
    """Half of a model or of a rank file is refused."""
    for name in ("llama-2", "bert-uncased"):
        content = content_of(name)
        with pytest.raises(Unsuitable):
            private_vocabulary("mine", "half", content[: len(content) // 2], Splitting())


def test_options_for_ranks_are_refused_elsewhere() -> None:
    """A pattern for a SentencePiece model, which splits by itself, is refused."""
    with pytest.raises(Unsuitable, match="leave --pattern"):
        private_vocabulary("mine", "x.model", content_of("llama-2"), R50K)


def test_an_extra_folder_has_the_last_word(tmp_path: Path) -> None:
    """An operator's vocabulary or model takes precedence over a shipped one of the same name."""
    spec = spec_of("r50k_base")
    built = private_vocabulary("r50k_base", "x", content_of("r50k_base"), Splitting(spec.pattern))
    add_vocabulary(tmp_path, built.file, built.packed, built.row)
    add_model(tmp_path, {"name": "gpt-4", "author": "Us", "display_name": "Ours", "vocabulary": "r50k_base"})
    registry = Registry.from_package(tmp_path)
    assert registry.folder_of("r50k_base") == tmp_path
    assert registry.models["gpt-4"].author == "Us"
    assert len(registry.vocabularies) == len(shipped_specs())


def test_a_folder_that_is_not_there_adds_nothing(tmp_path: Path) -> None:
    """Without the folder the registry is the package's, and the folder is not created."""
    registry = Registry.from_package(tmp_path / "none")
    assert list(registry.vocabularies) == [spec.name for spec in shipped_specs()]
    assert not (tmp_path / "none").exists()


def test_packed_content_is_what_was_given() -> None:
    """Ranks and models are stored byte for byte."""
    built = private_vocabulary("mine", "x.tiktoken", content_of("r50k_base"), R50K)
    assert lzma.decompress(built.packed) == content_of("r50k_base")
