"""UTF-8 that the C library writes, compared with Python's."""

import ctypes
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.native.compiler import compile_library
from tokenizer_registry.native.instruction_levels import BASELINE, levels_of, usable_level

# What write_utf8 returns for a surrogate, and the byte that it must not write over.
NO_UTF8 = (1 << 64) - 1
UNTOUCHED = 0xEE
LEVELS = [level for level in levels_of(platform.machine()) if level in {BASELINE, usable_level()}]
Encoder = Callable[[str], bytes | None]


@pytest.fixture(scope="module", params=LEVELS)
def encode(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """Return what encodes a text, or returns None; with the fewest instructions, and with those of this machine."""
    file = tmp_path_factory.mktemp("encode") / "encode.so"
    compile_library(file, further=[Path(__file__).with_name("encode_text.c")], level=request.param)
    function = ctypes.CDLL(str(file)).encode_text
    function.restype = ctypes.c_uint64
    function.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_void_p]

    def encoded(text: str) -> bytes | None:
        code_points = text.encode(f"utf-32-{sys.byteorder[0]}e", "surrogatepass")
        needed = 4 * (len(text) + 1)
        room = (ctypes.c_uint8 * (needed + 1))(*[UNTOUCHED] * (needed + 1))
        length = function(code_points, len(text), room)
        assert room[needed] == UNTOUCHED
        return None if length == NO_UTF8 else bytes(room[:length])

    return encoded


def encoded_by_python(text: str) -> bytes | None:
    """Return the text in UTF-8, or None if it has a lone surrogate."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def test_every_code_point_is_written_as_python_does(encode: Encoder) -> None:
    """All that there are, 64 at a time; of the surrogates each alone."""
    for first in range(0, sys.maxunicode + 1, 64):
        text = "".join(map(chr, range(first, first + 64)))
        assert encode(text) == encoded_by_python(text), hex(first)
    for code_point in range(0xD800, 0xE000):
        assert encode(chr(code_point)) is None


@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from(["a", "\x7f", "\x80", "é", "\u07ff", "\u0800", "中", "\uffff", "\U00010000", "\U0010ffff"]),
            st.integers(1, 70),
        ),
        max_size=8,
    ),
    text=st.text(),
)
def test_texts_are_written_as_python_does(encode: Encoder, parts: list[tuple[str, int]], text: str) -> None:
    """Runs of one to four bytes a character, and what is left behind the last whole block."""
    runs = "".join(character * times for character, times in parts)
    for whole in (runs, text, runs + text, text + runs):
        assert encode(whole) == encoded_by_python(whole)


@given(before=st.text(max_size=70), after=st.text(max_size=70), surrogate=st.characters(categories=["Cs"]))
def test_a_lone_surrogate_has_no_utf8(encode: Encoder, before: str, after: str, surrogate: str) -> None:
    """Wherever it stands."""
    assert encode(before + surrogate + after) is None
