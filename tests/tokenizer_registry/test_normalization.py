"""Normalization in blocks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from tokenizer_registry.normalization import BLOCK_CHARACTERS, blocks, normalizer

WHOLE = {"NFC": normalizers.NFC(), "NFKC": normalizers.NFKC()}
composing = st.text(st.sampled_from("ae1 中ﷺé①ﬁ가ᄀ\u1161\u11a8\u0301\u0323\u0327\u3099かｶﾞÅ\u0344"), max_size=40)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@given(around=st.tuples(composing, composing), shift=st.integers(-20, 20))
@settings(max_examples=50)
def test_blocks_change_nothing(form: str, around: tuple[str, str], shift: int) -> None:
    """Normalization of a long text in blocks equals that in one piece, whatever is at the boundary."""
    text = "é" * (BLOCK_CHARACTERS + shift) + around[0] + "b\u0301" * BLOCK_CHARACTERS + around[1]
    assert normalizer(form)(text) == WHOLE[form].normalize_str(text)


@given(composing)
def test_blocks_join_into_the_text(text: str) -> None:
    """The blocks join into the text, and a long text with boundaries has several blocks."""
    long_text = (text + "x") * 2000
    found = list(blocks(long_text))
    assert "".join(found) == long_text
    assert len(found) >= len(long_text) // (2 * BLOCK_CHARACTERS)


def test_a_text_without_a_boundary_is_one_block() -> None:
    """A text without a safe boundary is one block."""
    assert len(list(blocks("\u0301" * (3 * BLOCK_CHARACTERS)))) == 1


def test_the_owners_tables_are_used() -> None:
    """U+32FF, which the owners' tables do not change, is not changed on any Python."""
    assert normalizer("NFKC")("\u32ff") == "\u32ff"
