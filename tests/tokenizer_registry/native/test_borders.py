"""Borders that the C library finds by bit arithmetic, compared with the matches of the pattern's parts."""

import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest

from tests.tokenizer_registry.shipped import PACKAGE
from tokenizer_registry.engines import read_engines
from tokenizer_registry.native.borders import RULES, Kind, border_kinds, border_section
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.compiler import compile_library
from tokenizer_registry.native.packed_files import Mapped, Packs
from tokenizer_registry.vocabulary_files import read_specs

ROWS = read_engines(PACKAGE)
PATTERNS = {spec.name: spec.pattern for spec in read_specs(PACKAGE / "vocabularies.toml") if spec.pattern in RULES}
# One vocabulary for each pattern.
NAMES = sorted({pattern: name for name, pattern in PATTERNS.items() if name in ROWS}.values())
TEXTS = 4_000
Splitter = Callable[..., int]
# What patterns treat in ways of their own, or what takes one, two, three or four bytes.
CHARACTERS = (
    "    \n\n\r\t\u00a0\u3000\u2028\u0085\x1c''’//.(\"-stlvredmSTLREabzABZ0129٣½Ⅷ〇éÉǅſKʰא中日あア"
    "ー々가\u0301\u0308\u093f\U0001b000😀—，。\U00010400\U00010428\U00016ff4\U00011de0\U00020000⺀\u302a\u3099क\0"
)


@cache
def opened(name: str) -> tuple[Mapped, Mapped]:
    """Return a packed vocabulary and the table of characters, which stay mapped."""
    packs = Packs()
    return packs.open(name, ROWS[name].sha256), packs.characters()


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Splitter:
    """Return what splits a text, compiled with the sources of the library."""
    file = tmp_path_factory.mktemp("split") / "split.so"
    compile_library(file, further=[Path(__file__).with_name("split_text.c")])
    function = ctypes.CDLL(str(file)).split_text
    function.restype = ctypes.c_uint32
    packed, text = (ctypes.c_void_p, ctypes.c_uint64), (ctypes.c_char_p, ctypes.c_uint32)
    function.argtypes = [*packed, ctypes.c_void_p, *text, ctypes.c_int, ctypes.c_void_p]
    return function


def ends(split: Splitter, name: str, text: str, *, by_parts: bool) -> list[int]:
    """Return where the pre-tokens of a text end, in bytes."""
    (packed, characters), content = opened(name), text.encode()
    found = (ctypes.c_uint32 * (len(content) + 1))()
    count = split(packed.address, packed.size, characters.address, content, len(content), by_parts, found)
    return found[:count]


def texts(seed: int, number: int) -> Iterator[str]:
    """Yield texts of few different characters, of many, and of a few long runs; up to some blocks of 64 bytes."""
    dice = Random(seed)
    for _ in range(number):
        some = dice.choices(CHARACTERS, k=dice.randint(1, 10)) if dice.random() < 0.6 else CHARACTERS
        lengths = (1,) * 9 + (dice.randint(1, 70),)
        yield "".join(dice.choice(some) * dice.choice(lengths) for _ in range(dice.randint(0, 90)))


@pytest.mark.parametrize("name", NAMES)
def test_borders_are_where_the_pattern_matches(split: Splitter, name: str) -> None:
    """Random texts have the same pre-tokens either way."""
    for text in texts(1, TEXTS):
        assert ends(split, name, text, by_parts=False) == ends(split, name, text, by_parts=True), ascii(text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("r50k_base", "I'm  here\n\n  (2 of 12)", ["I", "'m", " ", " here", "\n\n ", " (", "2", " of", " 12", ")"]),
        ("cl100k_base", "don'T x=f(12345)\n\n  y", ["don", "'T", " x", "=f", "(", "123", "45", ")\n\n", " ", " y"]),
        ("o200k_base", "it's HTTPResponse fooBar//\n", ["it's", " HTTPResponse", " foo", "Bar", "//\n"]),
        ("qwen2", "a  \n  b 42", ["a", "  \n", " ", " b", " ", "4", "2"]),
        ("kimi-k2", "中文abc", ["中文", "abc"]),
        ("deepseek-v3", "x=.fooé 中42  y", ["x", "=.", "fooé", " ", "中", "42", " ", " y"]),
        ("deepseek-v3", "(fooé  (’é\n", ["(foo", "é", " ", " (’", "é", "\n"]),
    ],
)
def test_pre_tokens(split: Splitter, name: str, text: str, expected: list[str]) -> None:
    """Texts whose pre-tokens follow from the words of the pattern."""
    content = text.encode()
    found = ends(split, name, text, by_parts=False)
    assert [content[begin:end].decode() for begin, end in zip([0, *found], found, strict=False)] == expected


def test_a_pattern_without_a_rule_has_no_borders() -> None:
    """A pattern that no rule describes is matched part by part."""
    assert border_section(r"\p{L}+|\P{L}", read_characters()) == b""


@pytest.mark.parametrize("pattern", RULES)
def test_kinds_follow_from_the_sets_of_the_pattern(pattern: str) -> None:
    """A letter is a letter and white space is white; a character that the pattern sees in two ways has no kind."""
    kinds, characters = border_kinds(RULES[pattern], read_characters()), read_characters()
    assert kinds[characters.class_of(ord("é"))] & Kind.LETTER
    assert kinds[characters.class_of(0x3000)] == Kind.WHITE_SPACE
    assert kinds[characters.class_of(ord("—"))] == Kind(0)
    is_known = [not kind & Kind.UPPER or bool(kind & Kind.LETTER) for kind in kinds]
    assert all(is_known[characters.class_of(ord(character))] for character in "aZ 9.\nжあ—")
