"""Files whose ways the C library does not know are refused when they are packed, not miscounted."""

import json
from typing import Any

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.native.documents import document_tables
from tokenizer_registry.vocabulary_files import unpack


def shipped_document(name: str) -> dict[str, Any]:
    """Return the tokenizer.json of a shipped vocabulary."""
    spec = next(spec for spec in shipped_specs() if spec.name == name)
    document: dict[str, Any] = json.loads(unpack(spec, VOCABULARIES))
    return document


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("bert-cased", {"normalizer": {"type": "BertNormalizer", "clean_text": True, "lowercase": False}}),
        ("bert-cased", {"normalizer": {"type": "Lowercase"}}),
        ("clip", {"normalizer": {"type": "NFC"}}),
        ("clip", {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}}),
        ("t5", {"pre_tokenizer": {"type": "WhitespaceSplit"}}),
    ],
)
def test_unknown_ways_are_refused(name: str, change: dict[str, Any]) -> None:
    """A normalizer or a way of cutting that the form does not know stops the packing."""
    with pytest.raises(ValueError, match=r"known|white space"):
        document_tables(shipped_document(name) | change)
