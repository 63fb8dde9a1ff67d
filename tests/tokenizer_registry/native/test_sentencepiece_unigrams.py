"""A SentencePiece model of unigrams that texts are not split into words for: the counts of the owner's library."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sentencepiece import sentencepiece_model_pb2

from tokenizer_registry import Registry
from tokenizer_registry.native.sentencepiece import read_model
from tokenizer_registry.native.sentencepiece_unigrams import unigram_tables
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.vocabulary_files import unpack

NAME = "jurassic-2"
FORMATS: Any = sentencepiece_model_pb2  # made when it is imported, so that no types are known
# Its normalizer changes or drops these, or joins them with what is before them; the last has no piece.
CHARACTERS = [
    "\x00",
    "\x01",
    "\t",
    "\n",
    "\r",
    "\x7f",
    "\u0301",
    "\u0338",
    "\u2581",
    "\u200b",
    "\uff21",
    "\uac00",
    "\u1112",
]
CHARACTERS += [
    "\u1161",
    "\u3099",
    "\u304b",
    "\ufdfa",
    "\u00a0",
    "\u2167",
    "\u4e5e",
    "\U0001f468\u200d\U0001f469",
    "\U0010ffff",
]
PIECES = [
    " of the",
    " in the",
    "    ",
    "  ",
    " ",
    ",",
    "(",
    ")",
    "a",
    "e",
    "the ",
    "8888",
    "====",
    "Zürich ",
    *CHARACTERS,
]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join)


@settings(max_examples=1500, deadline=None)
@given(text=texts)
@example(text="e\u0301,\u0301(\u0338=\u0338")
@example(text="\ufdfa" * 3000)
@example(text="\u2581 \u2581")
@example(text="abcdefgh\u0301abcdefg\u0301")
def test_counts_are_those_of_the_owners_library(fast: Registry, registry: Registry, text: str) -> None:
    """Whatever the normalizer does to a text, and wherever its pieces end."""
    assert fast.vocabulary(NAME).count(text) == registry.vocabulary(NAME).count(text)


@pytest.mark.parametrize("filler", ["q,", "q,,,,,,,", "\u4e5e", "The ", "     "])
def test_long_texts_keep_the_librarys_rounding(fast: Registry, registry: Registry, filler: str) -> None:
    """Scores are floats, too coarse for long texts; the library begins from 0 now and then, and so do we.

    Behind so much of a filler that it has done so up to four times, equally good ways are decided as by the library.
    """
    ends = ["x" + " " * 7, "7" + " " * 5 + "if", "8" * 11 + ".", "".join(corpus(seed=3, size_bytes=3_000))]
    for length in random.Random(filler).sample(range(1_000, 90_000), 8):
        for end in ends:
            text = (filler * length)[:length] + end
            assert fast.vocabulary(NAME).count(text) == registry.vocabulary(NAME).count(text), (length, end[:9])


def test_a_long_mixed_text_is_counted_as_by_the_library(fast: Registry, registry: Registry) -> None:
    """All kinds of text of the corpus in one."""
    text = "".join(corpus(seed=4, size_bytes=600_000))
    assert fast.vocabulary(NAME).count(text) == registry.vocabulary(NAME).count(text)


def changed(change: Callable[[Any], object]) -> bytes:
    """Return the model's file after a change."""
    registry = Registry.from_package()
    model = FORMATS.ModelProto()
    model.ParseFromString(unpack(registry.vocabularies[NAME], registry.folder_of(NAME)))
    change(model)
    content: bytes = model.SerializeToString()
    return content


def user_defined(text: str, score: float) -> Callable[[Any], None]:
    """Return a change that adds such a piece."""
    kind = FORMATS.ModelProto.SentencePiece.USER_DEFINED
    return lambda model: model.pieces.add(piece=text, score=score, type=kind)


CHANGES = {
    "unknown characters without bytes": lambda model: setattr(model.trainer_spec, "byte_fallback", False),
    "a space in front": lambda model: setattr(model.normalizer_spec, "add_dummy_prefix", True),
    "spaces left out": lambda model: setattr(model.normalizer_spec, "remove_extra_whitespaces", True),
    "no rules": lambda model: setattr(model.normalizer_spec, "precompiled_charsmap", b""),
    "a piece twice": lambda model: model.pieces.add(piece=model.pieces[2000].piece, score=-3.0),
    "a piece with a space": lambda model: model.pieces.add(piece="a b", score=-3.0),
    "a user-defined piece of two bytes": user_defined("~~", 0.0),
    "a user-defined piece with a score": user_defined("\x02", -1.0),
    "a user-defined piece that a rule changes": user_defined("\t", 0.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_model_of_other_ways_is_refused(change: str) -> None:
    """It is counted by its owner's library, rather than otherwise than by that."""
    with pytest.raises(ValueError, match=r"known|piece|rule|space"):
        unigram_tables(read_model(changed(CHANGES[change])))
