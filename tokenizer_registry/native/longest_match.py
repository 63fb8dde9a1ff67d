"""Lists of tokens of which the longest one always counts, in the terms of the C library."""

from collections.abc import Sequence
from typing import Final

from tokenizer_registry.formats import parse_literals
from tokenizer_registry.native.layout import Method, PackedSection, Tables
from tokenizer_registry.native.tables import boundary_strings, strings

# The bytes that UTF-8 has.
IN_TEXTS: Final = frozenset({*range(0xC0), *range(0xC2, 0xF5)})


def longest_match_tables(content: bytes) -> Tables:
    """The tokens with all their beginnings, and a bit for each token. Raises ValueError if a byte is none."""
    tokens = parse_literals(content)
    missing = IN_TEXTS - {token[0] for token in tokens if len(token) == 1}
    if missing:
        raise ValueError(f"{len(missing)} bytes are no tokens")
    beginnings = dict.fromkeys(token[:size] for token in tokens for size in range(1, len(token)))
    table = [*tokens, *(text for text in beginnings if text not in tokens)]
    sections = {
        PackedSection.TOKENS: strings(table),
        PackedSection.WHOLE: _bits([text in tokens for text in table]),
        PackedSection.BOUNDARIES: strings(boundary_strings(tokens)),
    }
    return Tables(Method.LONGEST_MATCH, sections)


def _bits(values: Sequence[bool]) -> bytes:
    number = sum(1 << place for place, value in enumerate(values) if value)
    return number.to_bytes(len(values) // 8 + 1, "little")
