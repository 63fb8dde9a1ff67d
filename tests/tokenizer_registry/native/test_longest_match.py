"""Lists of tokens of which the longest counts, in C beside a trie."""

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.native.longest_match import longest_match_tables
from tokenizer_registry.registry import Registry
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.verification.references import reference_counter
from tokenizer_registry.vocabulary_files import unpack


def test_counts_are_those_of_a_trie(fast: Registry) -> None:
    """Every piece of a mixed corpus has as many tokens as a trie of the owner's list finds."""
    spec = next(spec for spec in shipped_specs() if spec.name == "rwkv")
    pieces = list(corpus(seed=5, size_bytes=300_000))
    vocabulary = fast.vocabulary("rwkv")
    assert [vocabulary.count(piece) for piece in pieces] == reference_counter(spec, unpack(spec, VOCABULARIES))(pieces)


def test_a_byte_without_a_token_is_refused() -> None:
    """A text with such a byte could not be cut."""
    with pytest.raises(ValueError, match="bytes are no tokens"):
        longest_match_tables(b"1 'a' 1\n")
