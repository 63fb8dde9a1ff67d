"""Runs of a character that are merged when nothing else is left."""

from random import Random

import pytest

from tests.tokenizer_registry.shipped import PACKAGE
from tokenizer_registry import Registry
from tokenizer_registry.engines import read_engines
from tokenizer_registry.native.layout import HEAD, HEAD_NUMBERS, PackedSection
from tokenizer_registry.native.packed_files import Packs
from tokenizer_registry.native.pairs import TokenPair
from tokenizer_registry.native.runs import run_section, tokens_of_run

ROWS = read_engines(PACKAGE)
# Those whose runs of spaces come last, of three different sets of lengths.
NAMES = ("llama-2", "mistral-v1", "jamba")
TEXTS = 3_000
TOKENS = [b"a", b"b", b"ab", b"aa", b"aaa"]
PAIRS = [TokenPair(0, 1, 2), TokenPair(0, 0, 3), TokenPair(3, 0, 4)]


def section(name: str) -> int:
    """Return where a packed vocabulary has its runs; 0 if it has none."""
    content = Packs().open(name, ROWS[name].sha256).content
    offset: int = HEAD.unpack_from(content)[HEAD_NUMBERS + PackedSection.RUNS]
    return offset


@pytest.mark.parametrize(
    ("length", "lengths", "tokens"),
    [(0, {2}, 0), (1, {2}, 1), (5, {2}, 3), (7, {2, 3, 4}, 2), (7, {2, 4}, 3), (16, {2, 3, 5}, 4), (8, {2, 4, 8}, 1)],
)
def test_the_first_two_parts_merge_first(length: int, lengths: set[int], tokens: int) -> None:
    """As worked out by hand."""
    assert tokens_of_run(length, lengths) == tokens


def test_runs_that_come_last_have_a_table() -> None:
    """The token of the character, and what runs of it have: 3 is the longest."""
    found = run_section({3, 4}, PAIRS, TOKENS, [0, 1, 2, 9, 9])
    assert found[:4] == bytes(4)
    assert list(found[4:12]) == [0, 1, 1, 1, 2, 2, 2, 3]


@pytest.mark.parametrize(
    ("tied", "tokens", "ranks"),
    [
        (set(), TOKENS, [0, 1, 2, 3, 4]),
        ({3, 4}, TOKENS, [0, 1, 9, 2, 2]),
        ({3, 4, 5, 6}, [*TOKENS, b"aaaa", b"aaaaa"], [0, 1, 2, 9, 9, 10, 10]),
        ({2, 4}, TOKENS, [0, 1, 9, 2, 9]),
        ({3, 4}, [*TOKENS, b"baa"], [0, 1, 2, 9, 9, 8]),
        ({3, 4}, [b"c", *TOKENS[1:]], [0, 1, 2, 9, 9]),
    ],
    ids=["no ties", "not last", "two ranks", "two characters", "part of another token", "no token alone"],
)
def test_other_ties_have_none(tied: set[int], tokens: list[bytes], ranks: list[int]) -> None:
    """Where anything but the length of a run may decide, strings are merged."""
    assert run_section(tied, PAIRS, tokens, ranks) == b""


def test_vocabularies_with_runs() -> None:
    """Those of Llama 2 and Mistral; Gemma 4 has runs before all others, and four characters with ties."""
    assert [name for name in (*NAMES, "mistral-v3", "gemma-4", "baichuan-1") if section(name)] == [*NAMES, "mistral-v3"]


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_many_spaces_are_counted_as_the_owner_does(fast: Registry, registry: Registry, name: str) -> None:
    """Spaces of each length between, before and behind words, signs, and characters that are no token."""
    dice, counted, owner = Random(3), fast.vocabulary(name), registry.vocabulary(name)
    parts = ("\n", "\t", "self", "x", "é", "(", "#", "中", "\U00010428", "▁", "\u00a0", "return", "-", "th")
    for _ in range(TEXTS):
        spaces = (1, 2, 3, 4, 7, 8, 12, dice.randint(1, 90))
        text = "".join(dice.choice(parts) + " " * dice.choice(spaces) for _ in range(dice.randint(1, 9)))
        text = dice.choice((text, text.lstrip(), text.rstrip(), " " * dice.randint(0, 70)))
        assert counted.count(text) == owner.count(text), ascii(text)
