"""Merges of pairs as ranks of strings, compared with a slow merging of pairs."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenizer_registry.native.merges import SymbolPair, ranked_strings, words_never_merged

# Few letters, so that strings repeat themselves and are made in several ways.
strings = st.text("abc", min_size=1, max_size=3)
lists_of_merges = st.lists(st.tuples(strings, strings), max_size=12, unique=True)


def merged(text: str, rank_of: Callable[[str, str], int | None]) -> list[str]:
    """Merge the pair of lowest rank, the leftmost first, until no neighbours have a rank."""
    parts = list(text)
    while True:
        found = [(rank, place) for place, pair in enumerate(pairwise(parts)) if (rank := rank_of(*pair)) is not None]
        if not found:
            return parts
        _, place = min(found)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]


def by_pairs(text: str, merges: Sequence[SymbolPair]) -> list[str]:
    """Merge only the given pairs."""
    return merged(text, lambda left, right: merges.index((left, right)) if (left, right) in merges else None)


def by_strings(text: str, ranked: Sequence[str]) -> list[str]:
    """Merge any two neighbours whose concatenation is one of these strings."""
    return merged(text, lambda left, right: ranked.index(left + right) if left + right in ranked else None)


@given(merges=lists_of_merges, texts=st.lists(st.text("abc", max_size=24), min_size=1, max_size=8))
@example(merges=[("a", "bc"), ("b", "c"), ("ab", "c"), ("a", "b")], texts=["abcabcab"])
@example(merges=[("aa", "a"), ("a", "aa"), ("a", "a")], texts=["aaaaaaa"])
@settings(max_examples=500)
def test_merging_by_string_is_merging_by_pair(merges: list[SymbolPair], texts: list[str]) -> None:
    """For merges in any order, every text is split alike, even if a string has several pairs or a part comes later."""
    ranked = ranked_strings(merges)
    assert [by_strings(text, ranked) for text in texts] == [by_pairs(text, merges) for text in texts]


def test_what_is_never_made_has_no_rank() -> None:
    """A string whose parts are always merged with others first is left out."""
    assert ranked_strings([("b", "c"), ("a", "b"), ("ab", "c")]) == ["bc", "ab"]


def test_a_word_that_is_never_merged_stands_alone() -> None:
    """A token whose parts are merged with others first may be a whole word, and is listed."""
    made = ranked_strings([("b", "c"), ("a", "b")])
    assert words_never_merged(["a", "ab", "bc", "abcd"], made) == ["abcd"]


def test_a_word_that_would_be_merged_is_refused() -> None:
    """Behind the merges it would be found as the string of two neighbours, which no merge makes."""
    with pytest.raises(ValueError, match="would be merged"):
        words_never_merged(["a", "c", "ab", "abc"], ranked_strings([("a", "b")]))
