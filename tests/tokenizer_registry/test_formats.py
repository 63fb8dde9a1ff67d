"""Rank files and the pairs behind ranks."""

from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.formats import byte_alphabet, format_ranks, parse_ranks
from tokenizer_registry.verification.references import merges_of


@given(st.dictionaries(st.binary(min_size=1, max_size=9), st.integers(0, 10**6), max_size=20))
def test_ranks_survive_the_file(ranks: dict[bytes, int]) -> None:
    """Ranks that are written to a file are read back in their order."""
    assert list(parse_ranks(format_ranks(ranks)).items()) == list(ranks.items())


def test_a_token_is_formed_by_the_pair_that_merging_reaches() -> None:
    """The pair depends on the ranks; a token that merging cannot reach has none."""
    ranks = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4, b"abc": 5, b"cab": 6, b"bab": 7}
    assert merges_of(ranks) == [(b"b", b"c"), (b"a", b"b"), (b"a", b"bc"), (b"c", b"ab"), (b"b", b"ab")]
    assert merges_of({b"a": 0, b"b": 1, b"abab": 2}) == []


def test_the_byte_alphabet_is_gpt2s() -> None:
    """256 different printable characters; a space is Ġ, a newline is Ċ, a letter is itself."""
    letters = byte_alphabet()
    assert len(set(letters.values())) == 256
    assert all(letter.isprintable() and not letter.isspace() for letter in letters.values())
    assert (letters[0x20], letters[0x0A], letters[0x41]) == ("Ġ", "Ċ", "A")
