"""Merging pairs of tokens, compared with merging by the ranks of strings as tiktoken describes it."""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from random import Random

import pytest

from tests.tokenizer_registry.shipped import PACKAGE
from tokenizer_registry import Registry
from tokenizer_registry.formats import parse_ranks
from tokenizer_registry.native.first_symbols import first_symbols
from tokenizer_registry.native.pairs import NO_TOKEN, TokenPair
from tokenizer_registry.vocabulary_files import unpack

REGISTRY = Registry.from_package()
NAMES = ("cl100k_base", "o200k_base", "kimi-k2")
WORDS = 1_500
# Also around the sizes of what is merged together.
LENGTHS = (2, 5, 9, 15, 16, 30, 61, 62, 63, 100)
# Letters of one, two, three and four bytes, so that words of them are pre-tokens of their own.
ALPHABETS = (
    "etaoinsrhl",
    "абвеиклнорст",
    "éèàçüöß",
    "あいうかしたてのをん",
    "アクスットドフラルー",
    "가나다라마바사",
    "的一是不了人我在有他",
)
TOKEN_BYTES = (b"a", b"b", b"\xe3", b"\x81", b"\x82", b" ")


@cache
def ranks(name: str) -> Mapping[bytes, int]:
    """Return the ranks of a vocabulary."""
    return parse_ranks(unpack(REGISTRY.vocabularies[name], PACKAGE / "vocabularies"))


def merged(text: bytes, rank_of: Mapping[bytes, int]) -> list[bytes]:
    """Return the tokens of a pre-token: of all neighbours, those whose string ranks first are joined first."""
    if text in rank_of:
        return [text]
    parts = [text[at : at + 1] for at in range(len(text))]
    while True:
        joined = {at: left + right for at, (left, right) in enumerate(pairwise(parts)) if left + right in rank_of}
        if not joined:
            return parts
        at = min(joined, key=lambda at: rank_of[joined[at]])
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


@pytest.mark.parametrize("name", NAMES)
def test_words_have_the_tokens_of_the_ranks(name: str) -> None:
    """Random words of each alphabet, with and without a space in front, short and long."""
    dice, vocabulary, known = Random(2), REGISTRY.vocabulary(name), ranks(name)
    for _ in range(WORDS):
        letters = dice.choice(ALPHABETS)
        word = dice.choice(("", " ")) + "".join(dice.choices(letters, k=dice.choice(LENGTHS)))
        assert vocabulary.count(word) == len(merged(word.encode(), known)), word


def table_of(pairs: list[tuple[bytes, bytes]]) -> tuple[list[TokenPair], list[bytes]]:
    """Return the pairs of a made-up vocabulary, whose tokens are some bytes and what the pairs make, in order."""
    tokens = [*TOKEN_BYTES, *(left + right for left, right in pairs)]
    number = {token: place for place, token in enumerate(tokens)}
    return [TokenPair(number[left], number[right], number[left + right]) for left, right in pairs], tokens


def symbol(pairs: list[tuple[bytes, bytes]], point: int) -> int:
    """Return the number that the table of a made-up vocabulary has for a character."""
    table = first_symbols(*table_of(pairs))
    block = int.from_bytes(table[point // 64 * 2 : point // 64 * 2 + 2], "little")
    start = 2 * 0x10000 // 64 + (block * 64 + point % 64) * 4
    return int.from_bytes(table[start : start + 4], "little")


HALF, CHARACTER = (b"\xe3", b"\x81"), (b"\xe3\x81", b"\x82")


def test_a_character_whose_merges_come_first_is_a_symbol() -> None:
    """It is the third token behind the bytes: its two merges come before that with a letter."""
    assert symbol([HALF, CHARACTER, (b"a", b"\xe3")], 0x3042) == len(TOKEN_BYTES) + 1


def test_a_character_whose_first_byte_merges_with_a_letter_earlier_is_no_symbol_behind_it() -> None:
    """The letter is marked as one that is before such characters, another one is not."""
    pairs = [(b"a", b"\xe3"), HALF, CHARACTER]
    assert symbol(pairs, 0x3042) == 1 << 20 | len(TOKEN_BYTES) + 2
    assert symbol(pairs, ord("a")) >> 21 & 1
    assert not symbol(pairs, ord("b")) >> 21


def test_a_character_whose_last_byte_merges_with_a_letter_earlier_is_no_symbol_before_it() -> None:
    """The letter is marked as one that is behind such characters."""
    pairs = [(b"\x82", b"b"), HALF, CHARACTER]
    assert symbol(pairs, 0x3042) == 1 << 22 | len(TOKEN_BYTES) + 2
    assert symbol(pairs, ord("b")) >> 23 & 1


def test_a_character_that_no_pair_makes_is_no_symbol() -> None:
    """Its bytes are merged."""
    assert symbol([HALF], 0x3042) == NO_TOKEN
