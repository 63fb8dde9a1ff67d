"""models.toml and vocabularies.toml: what is accepted, and how a fault is reported."""

from pathlib import Path

import pytest

from tests.tokenizer_registry.shipped import PACKAGE
from tokenizer_registry.errors import BadCatalogue
from tokenizer_registry.models import Model, read_models
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary_files import read_specs

GOOD = '[[model]]\nname = "a"\nauthor = "A"\ndisplay_name = "The A"\n'


def models(tmp_path: Path, text: str) -> tuple[Model, ...]:
    """Return the models of a file with this text, where the only vocabulary is v1."""
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    return read_models(path, {"v1"})


def specs_fault(tmp_path: Path, old: str, new: str) -> str:
    """Return the error for the shipped vocabularies.toml with one replacement in its first entry."""
    text = (PACKAGE / "vocabularies.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "vocabularies.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadCatalogue) as caught:
        read_specs(path)
    return str(caught.value)


def test_models_come_by_author_then_name(tmp_path: Path) -> None:
    """The order is plain string order, whatever the order in the file."""
    rows = [("b", "Z"), ("B", "Z"), ("a", "Z"), ("z", "A")]
    text = "".join(f'[[model]]\nname = "{n}"\nauthor = "{a}"\ndisplay_name = "x"\n' for n, a in rows)
    assert [(model.author, model.name) for model in models(tmp_path, text)] == [
        ("A", "z"),
        ("Z", "B"),
        ("Z", "a"),
        ("Z", "b"),
    ]


def test_vocabulary_and_evidence_are_optional(tmp_path: Path) -> None:
    """A model without a public vocabulary has none; given keys are kept."""
    assert models(tmp_path, GOOD) == (Model("a", "A", "The A", None, None),)
    extended = GOOD + 'vocabulary = "v1"\nevidence = "the publisher says so"\n'
    assert models(tmp_path, extended) == (Model("a", "A", "The A", "v1", "the publisher says so"),)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD + GOOD, "model 2 (a): the name 'a' is taken by an earlier model"),
        (GOOD + 'vocabulary = "v2"\n', "model 1 (a): there is no vocabulary 'v2'"),
        (GOOD + "price = 1\n", "model 1 (a): unknown key price"),
        ('[[model]]\nname = "a"\ndisplay_name = "x"\n', "model 1 (a): author is missing"),
        ('[[model]]\nauthor = "A"\ndisplay_name = "x"\n', "model 1: name is missing"),
        (GOOD.replace('"A"', "7"), "model 1 (a): author must be a non-empty string, not 7"),
        (GOOD.replace('"A"', '""'), "model 1 (a): author must be a non-empty string, not ''"),
        (GOOD + "[other]\n", "file: unknown key other"),
        ("model = 3\n", "file: model must be a list of tables"),
        ("model = [3]\n", "model 1: is not a table"),
        ("", "file: model is missing"),
        ("[[model", "file: "),
    ],
)
def test_a_fault_in_models_is_named(tmp_path: Path, text: str, fault: str) -> None:
    """A fault names the file, the entry and the value."""
    with pytest.raises(BadCatalogue) as caught:
        models(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'models.toml'}: {fault}")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('format = "tiktoken"', 'format = "gguf"', "format must be one of tiktoken, sentencepiece, huggingface"),
        ('format = "tiktoken"', 'format = "sentencepiece"', "pattern must be given for the format tiktoken"),
        ("mixed_count = 1361", "mixed_count = -1", "mixed_count must be a whole number, not -1"),
        ("mixed_count = 1361", "mixed_count = true", "mixed_count must be a whole number, not True"),
        ("[18, 23, 20]", '[18, "x"]', "probe_counts must be a whole number, not 'x'"),
        ("[18, 23, 20]", "18", "probe_counts must be a list of whole numbers, not 18"),
        (
            'class = "free"',
            'class = "gratis"',
            "class must be one of free, conditional, non-commercial, unknown, private, not 'gratis'",
        ),
        ('files = ["MIT-OpenAI.txt"]', "files = 1", "files must be a list of strings, not 1"),
        ('name = "claude-2"', 'name = "cl100k_base"', "the name 'cl100k_base' is taken"),
    ],
)
def test_a_fault_in_vocabularies_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """A fault names the key and the value."""
    assert fault in specs_fault(tmp_path, old, new)


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    """A folder without catalogues is refused by the name of the file."""
    with pytest.raises(BadCatalogue, match=r"vocabularies\.toml: file: No such file"):
        Registry.from_folder(tmp_path)


def test_a_whole_folder_is_read(tmp_path: Path) -> None:
    """A registry reads models and vocabularies from one folder, and loads no vocabulary yet."""
    (tmp_path / "vocabularies.toml").write_bytes((PACKAGE / "vocabularies.toml").read_bytes())
    (tmp_path / "models.toml").write_text(GOOD + 'vocabulary = "llama-2"\n', encoding="utf-8")
    registry = Registry.from_folder(tmp_path)
    assert registry.models["a"].vocabulary == "llama-2"
    assert "llama-2" in registry.vocabularies
