"""Merges of two given tokens, as merges by the ranks of the strings that they make."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

Pair = tuple[str, str]


def ranked_strings(merges: Sequence[Pair]) -> list[str]:
    """The strings that byte pair encoding ever makes with these merges, in the order of the merges that make them.

    To merge any two neighbours whose string is among these, the first string first, is the same as to merge the given
    pairs, for every text: there is one pair that makes a string. Look at a stretch of text across whose ends nothing
    was merged. The next merge of the text was always the next of the stretch, if it was in there at all. So what was
    merged in it is what is merged first where it stands alone, and if two neighbours are left of it, these are the two
    that are left of it when it stands alone. What makes the string there is their merge.
    """
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    made = {text: _last_merge(text, ranks) for text in dict.fromkeys(left + right for left, right in merges)}
    found = {text: rank for text, rank in made.items() if rank is not None}
    return sorted(found, key=found.__getitem__)


def _last_merge(text: str, ranks: Mapping[Pair, int]) -> int | None:
    """The rank of the merge that makes the text of its characters; None if it stays in parts."""
    symbols, rank = list(text), None
    while len(symbols) > 1:
        known = [(ranks[pair], place) for place, pair in enumerate(pairwise(symbols)) if pair in ranks]
        if not known:
            return None
        rank, place = min(known)
        symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
    return rank
