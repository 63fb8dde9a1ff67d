"""Properties that hold for every text."""

import unicodedata
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tokenizer_registry.shipped import VOCABULARIES, rank_names, shared_registry, shipped_names
from tests.tokenizer_registry.slow_bpe import slow_encode
from tokenizer_registry import segments
from tokenizer_registry.formats import parse_ranks
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.vocabulary import Vocabulary
from tokenizer_registry.vocabulary_files import unpack

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
# Letters that every Unicode table has had for long, so that two regex engines must split alike.
old_text = st.text(st.sampled_from("aábcdeSTZ'019٣½ \t\n\r\u00a0\u3000.,-_/(=#中文かカ한λДשे́😀🏽\u200d"), max_size=60)
MIXED = 'Héllo wörld 日本語 \U0001f937\U0001f3fd\u200d♀️  tabs\t\n<b>x</b> ﬁ e\u0301 שלום "quoted" <|endoftext|> '
markers = st.sampled_from(
    ("<|endoftext|>", "<|im_start|>", "<|eot_id|>", "<EOT>", "<s>", "</s>", "<unk>", "[INST]", "<｜end▁of▁sentence｜>")
)
# \x{...} is not known to the slow reference's regex engine.
SLOW_PATTERNS = ("r50k_base", "cl100k_base", "o200k_base", "llama-3", "qwen2", "tekken")


@cache
def ranks_of(name: str) -> dict[bytes, int]:
    """Return the ranks of a shipped vocabulary, read again from its file."""
    return parse_ranks(unpack(shared_registry().vocabularies[name], VOCABULARIES))


@cache
def tokens_of(name: str) -> dict[int, bytes]:
    """Return the tokens of a shipped vocabulary by their ranks."""
    return {rank: token for token, rank in ranks_of(name).items()}


def vocabulary(name: str) -> Vocabulary:
    """Return a shipped vocabulary."""
    return shared_registry().vocabulary(name)


@given(name=st.sampled_from(shipped_names()), text=any_text)
@settings(max_examples=100)
def test_count_is_the_number_of_tokens(name: str, text: str) -> None:
    """`count` and `encode` always agree, and the same text gives the same tokens again."""
    tokens = vocabulary(name).encode(text)
    assert vocabulary(name).count(text) == len(tokens)
    assert vocabulary(name).encode(text) == tokens


@given(name=st.sampled_from(shipped_names()), texts=st.lists(any_text, max_size=5))
@settings(max_examples=50)
def test_a_batch_has_the_counts_of_its_texts(name: str, texts: list[str]) -> None:
    """Texts counted together get the counts that each has alone, in their order."""
    assert vocabulary(name).count_batch(texts) == [vocabulary(name).count(text) for text in texts]


@given(name=st.sampled_from(rank_names()), text=any_text)
@settings(max_examples=100)
def test_rank_tokens_join_into_the_text(name: str, text: str) -> None:
    """The concatenated bytes of the tokens are the text in UTF-8: nothing is lost or added."""
    form = shared_registry().vocabularies[name].normalizer
    expected = normalizer(form)(text) if form else text
    assert b"".join(tokens_of(name)[rank] for rank in vocabulary(name).encode(text)) == expected.encode("utf-8")


@given(name=st.sampled_from(SLOW_PATTERNS), text=old_text)
@settings(max_examples=200)
def test_tokens_are_those_of_the_slow_reference(name: str, text: str) -> None:
    """A slow implementation of splitting and merging in twenty lines gives the same tokens."""
    spec = shared_registry().vocabularies[name]
    normal = unicodedata.normalize("NFC", text) if spec.normalizer == "NFC" else text
    pattern = (spec.pattern or "").replace("$", r"\Z")
    assert vocabulary(name).encode(text) == slow_encode(normal, pattern, ranks_of(name))


@given(name=st.sampled_from(rank_names()), marker=markers, text=any_text)
@settings(max_examples=100)
def test_markers_are_ordinary_text(name: str, marker: str, text: str) -> None:
    """A marker inside a text is split like any other characters: more than one token, all from the rank file."""
    whole = f"{text} {marker}"
    assert set(vocabulary(name).encode(whole)) <= tokens_of(name).keys()
    assert vocabulary(name).count(marker) > 1


@pytest.mark.parametrize("name", shipped_names())
def test_empty_text_has_no_tokens(name: str) -> None:
    """No vocabulary adds a token of its own: no BOS, no dummy prefix."""
    assert vocabulary(name).encode("") == []


def check_places(name: str, text: str) -> None:
    """Check that the ids are those of `encode`, and that the places are in order, not empty, and cover the text."""
    tokens = shared_registry().vocabulary(name).tokens(text)
    assert [token.id for token in tokens] == shared_registry().vocabulary(name).encode(text)
    if not tokens:
        return
    assert tokens[-1].end == len(text)
    assert tokens[0].start == 0
    assert all(token.start < token.end for token in tokens) or not text
    assert all(before.start <= after.start <= before.end <= after.end for before, after in pairwise(tokens))
    assert "".join(piece for piece, _ in segments(text, tokens)) == text
    assert [number for _, numbers in segments(text, tokens) for number in numbers] == [token.id for token in tokens]


@pytest.mark.parametrize("name", shipped_names())
def test_tokens_cover_a_text_of_many_scripts(name: str) -> None:
    """Every vocabulary returns the tokens that it counts, with places that cover every character."""
    check_places(name, MIXED)


@given(name=st.sampled_from(shipped_names()), text=any_text | old_text)
@settings(max_examples=150)
def test_tokens_cover_every_text(name: str, text: str) -> None:
    """The places of the tokens cover any text."""
    check_places(name, text)
