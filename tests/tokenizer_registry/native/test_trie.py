"""Tries that the C library builds, read as it reads them."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.native.tables import UNIT_BYTES, Trie, trie

UNIT = struct.Struct("<If")
# Few letters, so that many strings begin alike; and any, so that many units are asked for.
strings = st.binary(min_size=1, max_size=12) | st.text("ab", min_size=1, max_size=40).map(str.encode)


def score_in(found: Trie, text: bytes) -> float | None:
    """Return the score of a string; None if it is none of the trie's."""
    base_and_label, score = UNIT.unpack_from(found.units)
    for byte in text:
        base_and_label, score = UNIT.unpack_from(found.units, ((base_and_label >> 8) + byte) * UNIT_BYTES)
        if base_and_label & 0xFF != byte:
            return None
    return None if math.isnan(score) else score


def utf8(text: bytes) -> bytes:
    """Return the bytes that UTF-8 has; a trie has no others."""
    return text.replace(b"\xff", b"\xfe")


@given(
    st.dictionaries(strings.map(utf8), st.integers(-1000, 1000).map(float), max_size=300), st.lists(strings.map(utf8))
)
def test_a_trie_finds_its_strings_and_no_others(scores: dict[bytes, float], others: list[bytes]) -> None:
    """With their scores; the beginnings of strings have none."""
    found = trie(scores)
    for text in [*scores, *others, *(text[:-1] for text in scores if text[1:])]:
        assert score_in(found, text) == scores.get(text), text
    assert found.longest == max(map(len, scores), default=0)


def test_many_strings_take_little_room() -> None:
    """Units are hardly more than nodes, and strings of all pairs of bytes fit."""
    scores = {bytes([first, second]): -1.0 for first in range(1, 255) for second in range(1, 255)}
    nodes = len({text[:size] for text in scores for size in (1, 2)})
    assert len(trie(scores).units) / UNIT_BYTES < 1.1 * nodes + 1024
