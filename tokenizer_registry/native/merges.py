"""Merges of pairs of symbols, as ranks of the strings that they make."""

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

SymbolPair = tuple[str, str]
# Above the rank of any merge.
NO_MERGE: Final = sys.maxsize


def ranked_strings(merges: Sequence[SymbolPair]) -> list[str]:
    """The strings that byte pair encoding ever makes with these merges, in the order of the merges that make them.

    To merge any two neighbours whose string is among these, the first string first, is the same as to merge the given
    pairs, for every text: there is one pair that makes a string. Look at a stretch of text across whose ends nothing
    was merged. The next merge of the text was always the next of the stretch, if it was in there at all. So what was
    merged in it is what is merged first where it stands alone, and if two neighbours are left of it, these are the two
    that are left of it when it stands alone. What makes the string there is their merge.
    """
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    made = {
        text: _last_merge(text, lambda *pair: ranks.get(pair, NO_MERGE))
        for text in dict.fromkeys(left + right for left, right in merges)
    }
    found = {text: rank for text, rank in made.items() if rank is not None}
    return sorted(found, key=found.__getitem__)


def words_never_merged(tokens: Iterable[str], made: Sequence[str]) -> list[str]:
    """The tokens that merges do not make, but that a whole word may be. Raises ValueError if one could be merged here.

    They come behind the strings that merges make, and so may be found as those of two neighbours.
    """
    known = set(made)
    words = [token for token in tokens if len(token) > 1 and token not in known]
    ranks = {text: rank for rank, text in enumerate((*made, *words))}
    merged = [word for word in words if _last_merge(word, lambda *pair: ranks.get("".join(pair), NO_MERGE)) is not None]
    if merged:
        raise ValueError(f"words that would be merged, although no merge makes them: {merged[:3]}")
    return words


def _last_merge(text: str, rank_of: Callable[[str, str], int]) -> int | None:
    """The rank of the merge that makes the text of its characters; None if it stays in parts."""
    symbols = list(text)
    known = [rank_of(*pair) for pair in pairwise(symbols)]  # between neighbours; equal ones are one pair
    rank = None
    while known:
        rank = min(known)
        if rank == NO_MERGE:
            return None
        place = known.index(rank)
        merged = symbols[place] + symbols[place + 1]
        symbols[place : place + 2] = [merged]
        del known[place]
        if place:
            known[place - 1] = rank_of(symbols[place - 1], merged)
        if place < len(known):
            known[place] = rank_of(merged, symbols[place + 1])
    return rank
