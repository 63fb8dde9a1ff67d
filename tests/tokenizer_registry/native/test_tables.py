"""Tokens that join two words, at whose boundary a text must not be split."""

import pytest

from tokenizer_registry.native.tables import boundary_strings


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([b"a", b" a", b"  a", b"\n\n", b" ", b"\n a"], []),
        ([b"a b", b" of the "], [b"a ", b"e ", b"f "]),
        ([b"x\n", b"}\n", b"} ", b"9\n"], [b"9\n", b"x\n", b"} "]),
        (["\u00ba ".encode(), "\u00a9 ".encode()], ["\u00ba ".encode()]),
        ([b"\xa9 ", b"\x95\n"], [b"\x95\n", b"\xa9 "]),
    ],
)
def test_boundary_strings_are_ends_of_words_inside_of_tokens(tokens: list[bytes], expected: list[bytes]) -> None:
    """Behind what may end a word a space is one, behind what may end a line a line feed; parts of characters may be."""
    assert boundary_strings(tokens) == expected
