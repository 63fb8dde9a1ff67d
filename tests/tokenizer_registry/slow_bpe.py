"""A reference of byte-level BPE: slow, and short enough to be checked by reading."""

from collections.abc import Mapping
from itertools import pairwise

import regex  # type: ignore[import-untyped]  # it ships no types, and one call needs none


def slow_encode(text: str, pattern: str, ranks: Mapping[bytes, int]) -> list[int]:
    """Split, then merge the pair of lowest rank, the leftmost first, until no pair is a token."""
    tokens: list[int] = []
    for word in regex.findall(pattern, text, flags=regex.V1):
        parts = [bytes([byte]) for byte in word.encode("utf-8")]
        while True:
            pairs = [left + right for left, right in pairwise(parts)]
            known = [pair for pair in pairs if pair in ranks]
            if not known:
                break
            place = pairs.index(min(known, key=ranks.__getitem__))
            parts[place : place + 2] = [pairs[place]]
        whole = word.encode("utf-8")
        tokens += [ranks[whole]] if whole in ranks else [ranks[part] for part in parts]
    return tokens
