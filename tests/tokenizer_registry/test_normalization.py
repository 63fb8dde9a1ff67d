"""Normalization in blocks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from tokenizer_registry import normalization
from tokenizer_registry.normalization import BLOCK_CHARACTERS, Normalize, normalizer

WHOLE = {"NFC": normalizers.NFC(), "NFKC": normalizers.NFKC()}
SCRIPTS = "\u09c7\u09be\u0dd9\u0dcf\u0dca\u0cc6\u0cc2\u0cd5가ᄀ\u1161\u11a8かｶﾞ\u3099"
composing = st.text(st.sampled_from(f"ae1 中ﷺé①ﬁ\u0301\u0323\u0327\u0344\u0345Å{SCRIPTS}"), max_size=40)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@given(around=st.tuples(composing, composing), shift=st.integers(-20, 20))
@settings(max_examples=50)
def test_blocks_change_nothing(form: str, around: tuple[str, str], shift: int) -> None:
    """Normalization of a long text in blocks equals that in one piece, whatever is at the boundary."""
    text = "é" * (BLOCK_CHARACTERS + shift) + around[0] + "b\u0301" * BLOCK_CHARACTERS + around[1]
    assert normalizer(form)(text) == WHOLE[form].normalize_str(text)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@given(
    before=st.text(st.sampled_from("a가ᄀé①\u0301\u0323\u0327\u3099か"), max_size=90),
    marks=st.text(st.sampled_from("\u0301\u0308\u0323\u0327\u0334\u0344\u3099\u1161"), min_size=1, max_size=3),
    after=st.text(st.sampled_from("ab\u0301\u0323"), max_size=3),
)
@settings(max_examples=50, deadline=None)
def test_long_runs_of_marks_are_normalized_as_a_whole(form: str, before: str, marks: str, after: str) -> None:
    """Whether marks keep their order, compose with what is before them, or come before marks behind them."""
    text = before + marks * (3 * BLOCK_CHARACTERS) + after
    assert normalizer(form)(text) == WHOLE[form].normalize_str(text)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@given(texts=st.lists(composing, max_size=20))
@settings(deadline=None)
def test_a_text_may_be_cut_anywhere_where_blocks_begin(form: str, texts: list[str]) -> None:
    """Normalization in the smallest blocks that there are equals that in one piece."""
    text = "".join(texts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(normalization, "BLOCK_CHARACTERS", 1)
        assert normalizer(form)(text) == WHOLE[form].normalize_str(text)


@pytest.mark.parametrize("text", ["\ufdfa", "\xa0", "\xe9", "\u0e01\u0e33", "\uac00", "\u3042\u304b", "\U00011930"])
def test_long_texts_are_normalized_in_blocks(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text without ASCII and ideographs is not passed to the library as a whole, which would hold the GIL."""
    seen = []

    def watched(part: str, normalize: Normalize) -> str:
        seen.append(len(part))
        return normalize(part)

    monkeypatch.setattr(normalization, "_normalized_block", watched)
    normalizer("NFKC")(text * 5 * BLOCK_CHARACTERS)
    assert max(seen) <= BLOCK_CHARACTERS + 2


def test_the_owners_tables_are_used() -> None:
    """U+32FF, which the owners' tables do not change, is not changed on any Python."""
    assert normalizer("NFKC")("\u32ff") == "\u32ff"
