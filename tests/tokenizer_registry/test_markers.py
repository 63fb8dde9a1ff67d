"""Markers in plain text, for each form of vocabulary; docs/vocabularies.md states the rule."""

import pytest

from tests.tokenizer_registry.shipped import shipped_specs
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary_files import VocabularyFormat, VocabularySpec

MARKERS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<think>",
    "</think>",
    "<start_of_turn>",
    "<tool_call>",
    "<pad>",
    "</s>",
    "<unk>",
)


# User-defined pieces of SentencePiece models are the owner's: the next test.
STRICT = [spec for spec in shipped_specs() if spec.format is not VocabularyFormat.SENTENCEPIECE]


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("spec", STRICT, ids=lambda spec: spec.name)
def test_a_marker_is_ordinary_text(registry: Registry, spec: VocabularySpec, marker: str) -> None:
    """In ranks and in a tokenizer.json no marker is one token: it is split like any other text."""
    assert registry.vocabulary(spec.name).count(marker) > 1


@pytest.mark.parametrize(
    ("name", "text", "alone"),
    [
        ("gemma-2", "<start_of_turn>", True),
        ("gemma-3", "<unused7>", True),
        ("gemma-3", "<h1>", True),
        ("gemma-4", "<start_of_turn>", False),
        ("gemma-4", "<h1>", False),
        ("yi", "<|im_start|>", True),
        ("jamba", "<|bom|>", True),
        ("llama-2", "</s>", False),
        ("mistral-v3", "[INST]", False),
        ("gemma-2", "<bos>", False),
    ],
)
def test_sentencepiece_matches_what_its_owner_matches(registry: Registry, name: str, text: str, alone: bool) -> None:
    """User-defined pieces are one token in a text, control pieces never are."""
    vocabulary = registry.vocabulary(name)
    added = vocabulary.count(f"a{text}") - vocabulary.count("a")
    assert (added == 1) is alone


def test_unigram_pieces_of_markers_never_match(registry: Registry) -> None:
    """Pieces such as </s> of XLM-RoBERTa and mT5 are not used for a text that contains them."""
    for name in ("xlm-roberta", "aya-101"):
        assert registry.vocabulary(name).count("a </s> b") > registry.vocabulary(name).count("a b") + 1
