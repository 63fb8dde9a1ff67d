"""CLIP's merges in C, beside the ids that OpenAI's example has."""

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.backends.huggingface import HuggingFaceEngine
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary_files import unpack


def owners_library() -> HuggingFaceEngine:
    """Return the engine of CLIP's file."""
    spec = next(spec for spec in shipped_specs() if spec.name == "clip")
    return HuggingFaceEngine(unpack(spec, VOCABULARIES))


def test_numbers_are_openais() -> None:
    """The prompt that CLIP's paper and readme use has the well-known numbers."""
    assert owners_library().encode("a photo of a dog") == [320, 1125, 539, 320, 1929]


@pytest.mark.parametrize(
    "text",
    [
        "A PHOTO of a Dog's tail!!",
        "İstanbul ẞ Ⱥ ΑΣ ǅ",
        "e\u0301É E\u0301",
        "가각 \u1100\u1161",
        "a\u00a0b\u3000c\u2028d",
        "1234 ½ ² Ⅷ",
        "!!!??...",
        "x" * 5000,
    ],
)
def test_lower_case_and_ends_of_words(fast: Registry, text: str) -> None:
    """Letters that grow or shrink in lower case, marks, white space of all kinds and long words count alike."""
    assert fast.vocabulary("clip").count(text) == owners_library().count(text)
