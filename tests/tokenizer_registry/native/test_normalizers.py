"""Normalization of single vocabularies in blocks, compared with the library's normalizer."""

import json
from random import Random

import pytest
from tokenizers import Tokenizer

from tests.tokenizer_registry.shipped import VOCABULARIES, shared_registry
from tokenizer_registry import normalization
from tokenizer_registry.native.layout import own_normalizer_of
from tokenizer_registry.native.normalizers import build_own_normalizer
from tokenizer_registry.native.packed_files import Packs
from tokenizer_registry.vocabulary_files import unpack

# Marks of two and three bytes, letters that join, ligatures, ends of lines, emoji of several characters, prefixes.
LISTED = (
    "a|e\u0301|\u0301|\u0301\u0302\u0303|\ufb01|\u0600|\u0628\u0651|\u0651\u064b|\u05e9\u05c1|\r|\n|\r\n| |\u3000|"
    "\x85|\u2028|\xa0|\u304b|\u3099|\u304c|\uff76\uff9e|\u0e01\u0e33|\u0e49|\u1100\u1161\u11a8|\uac00|\u11a8|\u0915\u094d\u0937|\u093f|"
    "\u4e2d|\ufdfa|\u200d|\U0001f468\u200d\U0001f469|\U0001f1e8|\U0001f1ed|\U0001f3fd|\u2460"
)
PARTS = LISTED.split("|")


@pytest.mark.parametrize("name", ["aya-101", "xlm-roberta"])
def test_blocks_make_what_the_library_makes_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result does not depend on where blocks are split, and white space that the owner strips is stripped."""
    monkeypatch.setattr(normalization, "BLOCK_CHARACTERS", 3)
    spec, packs, dice = shared_registry().vocabularies[name], Packs(), Random(3)
    description = own_normalizer_of(packs.open(name, spec.sha256).content)
    assert description is not None
    document = json.loads(unpack(spec, VOCABULARIES))
    document["normalizer"]["normalizers"].pop()  # it puts bars for spaces, which the C library does
    whole, form = Tokenizer.from_str(json.dumps(document)).normalizer.normalize_str, build_own_normalizer(description)
    for _ in range(3_000):
        text = "".join(dice.choices(PARTS, k=dice.randint(1, 40)))
        assert form.normalize(text) == whole(text), text
