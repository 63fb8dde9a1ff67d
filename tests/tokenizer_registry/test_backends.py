"""The engine of each library."""

from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.backends.huggingface import HuggingFaceEngine
from tokenizer_registry.backends.longest_match import LongestMatchEngine
from tokenizer_registry.backends.sentencepiece import SentencePieceEngine
from tokenizer_registry.backends.tiktoken import TiktokenEngine
from tokenizer_registry.vocabulary_files import unpack

BYTES = {bytes([byte]): byte for byte in range(256)}


def small_tokenizer() -> bytes:
    """Return a tokenizer.json with a special token, truncation and padding, as embedding models have."""
    vocabulary = {"[UNK]": 0, "weigh": 1, "bridge": 2, "<": 3, "end": 4, ">": 5, "<end>": 6}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([AddedToken("<end>", special=True)])
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=9)
    return tokenizer.to_str().encode("utf-8")


def test_huggingface_counts_the_whole_text() -> None:
    """The truncation and padding of a file do not change the count."""
    engine = HuggingFaceEngine(small_tokenizer())
    assert engine.encode("weigh bridge weigh bridge weigh") == [1, 2, 1, 2, 1]
    assert engine.count("weigh bridge weigh bridge weigh") == 5
    assert engine.count("") == 0


def test_huggingface_takes_special_tokens_for_text() -> None:
    """A special token's name in a text is split as text, not matched as one token."""
    assert HuggingFaceEngine(small_tokenizer()).encode("weigh <end>") == [1, 3, 4, 5]


def test_the_longest_token_is_taken() -> None:
    """Each cut takes the longest token, also where a shorter one would leave less over; places are characters'."""
    engine = LongestMatchEngine(BYTES | {b"ab": 256, b"abc": 257, b"cd": 258, "é".encode(): 259})
    assert engine.encode("abcd") == [257, 100]
    assert engine.encode("ab") == [256]
    assert engine.count_batch(["", "éé"]) == [0, 2]
    assert [(token.start, token.end) for token in engine.tokens("aéab")] == [(0, 1), (1, 2), (2, 4)]


def test_tiktoken_takes_the_ranks_over() -> None:
    """The ranks are not kept twice, and the engine still counts."""
    ranks = BYTES | {b"ab": 256}
    engine = TiktokenEngine("small", ranks, r"\w+|\W+")
    assert ranks == {}
    assert engine.encode("abc") == [256, 99]
    assert engine.count("ab ab") == 3


def test_tiktoken_normalizes_first() -> None:
    """The owner's normalizer is applied to the whole text before it is split."""
    assert TiktokenEngine("small", dict(BYTES), r"\w+", str.lower).encode("A") == [97]


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\x00" * 50])
def test_sentencepiece_takes_nul_like_any_character(text: str) -> None:
    """Text after a NUL is counted, and each NUL is one byte token in Llama 2."""
    spec = next(spec for spec in shipped_specs() if spec.name == "llama-2")
    engine = SentencePieceEngine(unpack(spec, Path(VOCABULARIES)))
    assert engine.encode(text).count(3) == text.count("\x00")
    assert engine.count(text) == engine.count("") + len(engine.encode(text))
