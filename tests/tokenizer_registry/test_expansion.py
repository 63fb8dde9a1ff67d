"""The size of a text after NFKC normalization."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile_inputs import hostile_texts
from tokenizer_registry.normalization import expanded_size


def slow_expanded_size(text: str) -> int:
    """Return the size, character by character, as the docstring defines it."""
    return sum(len(unicodedata.normalize("NFKC", c).encode("utf-8", "surrogatepass")) for c in text)


@given(st.text(max_size=80))
def test_size_is_that_of_each_character_expanded(text: str) -> None:
    """The fast size equals the slow one, surrogates included."""
    assert expanded_size(text) == slow_expanded_size(text)


@given(st.text(st.sampled_from("ﷺ①½ﬁｶ㌀中a\u0301é"), min_size=30, max_size=60))
def test_many_kinds_of_growing_characters(text: str) -> None:
    """The size is correct whether few or many different characters expand."""
    every_kind = "".join(chr(point) for point in range(0x3300, 0x3340)) + text
    assert expanded_size(every_kind) == slow_expanded_size(every_kind)


@pytest.mark.parametrize(("text", "size"), [("", 0), ("abc", 3), ("ﷺ", 33), ("ﷺ" * 1000, 33_000), ("中", 3), ("ﬁ", 2)])
def test_known_sizes(text: str, size: int) -> None:
    """Known expansions, U+FDFA to 33 bytes among them."""
    assert expanded_size(text) == size


def test_hostile_texts_stand_on_the_right_side_of_the_limit() -> None:
    """Texts built to stay below and above a limit of 4,000,000 bytes do so."""
    texts = {case.name: case.text for case in hostile_texts()}
    assert expanded_size(texts["fdfa_below_expansion_limit"]) == 3_300_000
    assert expanded_size(texts["fdfa_above_expansion_limit"]) == 9_900_000
