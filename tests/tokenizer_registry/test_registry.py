"""The registry: when vocabularies are loaded, and how one text is counted for many models."""

import lzma
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_names, shipped_registry, shipped_specs
from tokenizer_registry.errors import DamagedVocabulary, UncountableText, UnknownModel, UnknownVocabulary
from tokenizer_registry.models import Model
from tokenizer_registry.registry import Count, Registry
from tokenizer_registry.vocabulary_files import Fetchable, LicenceClass

MODELS = (
    Model("llama-2-7b", "Meta", "Llama 2 7B", "llama-2"),
    Model("llama-2-13b", "Meta", "Llama 2 13B", "llama-2"),
    Model("mixtral-8x7b", "Mistral AI", "Mixtral 8x7B", "mistral-v1"),
    Model("grok-4", "xAI", "Grok 4", None),
)


def test_eight_racing_threads_share_one_vocabulary() -> None:
    """Eight threads that concurrently ask for one vocabulary all get the same object, and the same count."""
    registry, together = shipped_registry(), Barrier(8)

    def ask() -> tuple[int, int]:
        together.wait()
        vocabulary = registry.vocabulary("r50k_base")
        return id(vocabulary), vocabulary.count("weighbridge")

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask) for _ in range(8)]
    assert len({answer.result() for answer in answers}) == 1


def test_counts_come_in_order_with_duplicates() -> None:
    """Each requested model has a count in its place, also duplicates, and null if it has no vocabulary."""
    names = ["mixtral-8x7b", "grok-4", "llama-2-13b", "mixtral-8x7b", "llama-2-7b"]
    counts = shipped_registry(MODELS).count("Felis nunc phasellus arcu ad bibendum elementum taciti.", names)
    assert counts == [
        Count(21, "mistral-v1", "exact"),
        Count(None, None, "none"),
        Count(19, "llama-2", "exact"),
        Count(21, "mistral-v1", "exact"),
        Count(19, "llama-2", "exact"),
    ]


def test_no_models_give_no_counts() -> None:
    """An empty list of models gives an empty list, and loads nothing."""
    assert Registry((), (), Path("nowhere")).count("text", []) == []


def test_a_model_without_a_vocabulary_needs_no_file() -> None:
    """A null count reads no file."""
    assert Registry(MODELS, (), Path("nowhere")).count("text", ["grok-4"]) == [Count(None, None, "none")]


def test_unknown_names_are_named() -> None:
    """An unknown model or vocabulary is refused by name, before any file is read."""
    registry = Registry(MODELS, shipped_specs(), Path("nowhere"))
    with pytest.raises(UnknownModel, match="unknown model 'gpt-9'") as model:
        registry.count("text", ["llama-2-7b", "gpt-9"])
    with pytest.raises(UnknownVocabulary, match="unknown vocabulary 'x900k'") as vocabulary:
        registry.vocabulary("x900k")
    assert (model.value.name, vocabulary.value.name) == ("gpt-9", "x900k")


def test_uncountable_text_is_passed_on() -> None:
    """A text that no vocabulary can split is an error, not a null count."""
    with pytest.raises(UncountableText):
        shipped_registry(MODELS).count("\udc00", ["llama-2-7b"])


def test_preload_says_what_it_loads() -> None:
    """The named vocabularies are loaded in order, and each is reported once it is loaded."""
    heard: list[str] = []
    registry = shipped_registry()
    registry.preload(["mistral-v1", "llama-2"], heard.append)
    assert heard == ["mistral-v1", "llama-2"]
    with pytest.raises(UnknownVocabulary):
        registry.preload(["x900k"])


def test_preload_without_names_loads_all(tmp_path: Path) -> None:
    """Without names every vocabulary is loaded; a single missing file is reported, and the others are loaded."""
    specs = [spec for spec in shipped_specs() if spec.name in ("llama-2", "mistral-v1")]
    shutil.copy(VOCABULARIES / specs[0].file, tmp_path)
    registry = Registry((), specs, tmp_path)
    damaged = registry.preload(threads=2)
    assert list(damaged) == [specs[1].name]
    assert specs[1].file in str(damaged[specs[1].name])
    assert registry.vocabulary(specs[0].name).count("weighbridge") > 0


def test_a_damaged_vocabulary_gives_no_count(tmp_path: Path) -> None:
    """The models of a damaged vocabulary have no count; all others are counted as usual."""
    specs = [spec for spec in shipped_specs() if spec.name in ("llama-2", "mistral-v1")]
    for spec in specs:
        shutil.copy(VOCABULARIES / spec.file, tmp_path)
    shutil.copy(tmp_path / specs[1].file, tmp_path / specs[0].file)
    registry = Registry(MODELS, specs, tmp_path)
    counts = registry.count("weighbridge", ["llama-2-7b", "mixtral-8x7b"])
    assert counts[0] == Count(None, None, "none")
    assert counts[1].method == "exact"
    assert list(registry.faults) == ["llama-2"]
    assert "is damaged" in (registry.why_uncounted("llama-2-7b") or "")


def test_a_vocabulary_that_is_not_here_gives_no_count() -> None:
    """A model whose vocabulary has to be fetched is known, has no count, and says how to get one."""
    absent = Fetchable("command-r", "CC-BY-NC-4.0", LicenceClass.NON_COMMERCIAL)
    models = (Model("command-r-plus", "Cohere", "Command R+", "command-r"),)
    registry = Registry(models, shipped_specs(), VOCABULARIES, fetchable=[absent])
    assert registry.is_ready(["command-r-plus"])
    assert registry.count("text", ["command-r-plus"]) == [Count(None, None, "none")]
    assert registry.why_uncounted("command-r-plus") == "licence forbids shipping: weighbridge vocab fetch command-r"


def test_readiness_follows_loading() -> None:
    """The registry reports whether a count would first have to load a vocabulary."""
    registry = shipped_registry(MODELS)
    assert registry.is_ready(["grok-4"])
    assert not registry.is_ready(["grok-4", "llama-2-7b"])
    registry.vocabulary("llama-2")
    assert registry.is_ready(["grok-4", "llama-2-7b"])


def damaged(tmp_path: Path, content: bytes) -> DamagedVocabulary:
    """Return the error raised by loading Llama 2 from a file with this content."""
    spec = next(spec for spec in shipped_specs() if spec.name == "llama-2")
    (tmp_path / spec.file).write_bytes(content)
    with pytest.raises(DamagedVocabulary) as caught:
        Registry((), [spec], tmp_path).vocabulary("llama-2")
    return caught.value


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    """One changed bit in the packed file is refused, with the file and both digests."""
    spec = next(spec for spec in shipped_specs() if spec.name == "llama-2")
    content = bytearray((VOCABULARIES / spec.file).read_bytes())
    content[1000] ^= 1
    error = damaged(tmp_path, bytes(content))
    assert error.path == tmp_path / spec.file
    assert error.expected == spec.packed_sha256
    assert all(part in str(error) for part in (spec.file, error.expected, error.found))


def test_another_vocabulary_in_its_place_is_found(tmp_path: Path) -> None:
    """A valid file with the content of another vocabulary is refused."""
    error = damaged(tmp_path, lzma.compress(b"something else"))
    assert error.found != error.expected


def test_a_damaged_vocabulary_may_be_mended(tmp_path: Path) -> None:
    """A failed load is not cached: once the file is replaced, the vocabulary loads."""
    spec = next(spec for spec in shipped_specs() if spec.name == "llama-2")
    registry = Registry((), [spec], tmp_path)
    with pytest.raises(DamagedVocabulary, match="No such file"):
        registry.vocabulary("llama-2")
    shutil.copy(VOCABULARIES / spec.file, tmp_path)
    assert registry.vocabulary("llama-2").count("weighbridge") > 0


def test_errors_survive_pickling() -> None:
    """An error raised in another process arrives unchanged."""
    error = DamagedVocabulary("llama-2", Path("x"), "aa", "bb")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.name, copy.path, copy.expected, copy.found, str(copy)) == (
        "llama-2",
        Path("x"),
        "aa",
        "bb",
        str(error),
    )


def test_vocabularies_are_read_only() -> None:
    """The catalogues cannot be changed after they were read."""
    registry = shipped_registry(MODELS)
    assert list(registry.vocabularies) == shipped_names()
    with pytest.raises(TypeError):
        registry.models["x"] = MODELS[0]  # type: ignore[index]  # that it is refused is the point
