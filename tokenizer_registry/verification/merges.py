"""Merge lists from ranks: what a library that thinks in pairs needs in place of ranks."""

from collections.abc import Mapping

Pair = tuple[bytes, bytes]


def merges_of(ranks: Mapping[bytes, int]) -> list[Pair]:
    """The pair that forms each token, in order of rank.

    While a text is merged, a stretch that ends up as one token has developed exactly as it would alone, for
    no merge crossed its ends. So each token has one pair that forms it: the last two parts of the token
    merged alone. A token that gets stuck in more parts is never formed by merging, and has none.
    """
    tokens = sorted((token for token in ranks if len(token) > 1), key=ranks.__getitem__)
    parts = (parts_before_last_merge(token, ranks) for token in tokens)
    return [(found[0], found[1]) for found in parts if len(found) == 2]


def parts_before_last_merge(token: bytes, ranks: Mapping[bytes, int]) -> list[bytes]:
    """The token merged alone, lowest rank first, until two parts are left or nothing merges."""
    parts = [token[at : at + 1] for at in range(len(token))]
    while len(parts) > 2:
        lowest, place = None, -1
        for at in range(len(parts) - 1):
            rank = ranks.get(parts[at] + parts[at + 1])
            if rank is not None and (lowest is None or rank < lowest):
                lowest, place = rank, at
        if lowest is None:
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts
