"""Runs of one character whose tokens have one rank, behind all others: they are merged when nothing else is left."""

from collections.abc import Collection, Sequence
from typing import Final

from tokenizer_registry.native.pairs import TokenPair
from tokenizer_registry.native.tables import numbers

# The longest run that the C library looks up (merges.h).
MAX_RUN: Final = 63


def run_section(
    tied: Collection[int], pairs: Sequence[TokenPair], tokens: Sequence[bytes], ranks: Sequence[int]
) -> bytes:
    """Return a character's token, and how many tokens runs of it have, by length; nothing if there are no such runs.

    `tied` are tokens that share a rank with others. They are such runs if they have one character and one rank, every
    other pair comes before them, and no other token has the character twice in a row: then what is left of a run
    depends on its length only.
    """
    texts = {tokens[number].decode() for number in tied}
    characters = set("".join(texts))
    if len(characters) != 1:
        return b""
    character = characters.pop().encode()
    others = [number for number in range(len(tokens)) if number not in tied]
    last_of_others = max((ranks[pair.made] for pair in pairs if pair.made not in tied), default=-1)
    ranks_of_runs = {ranks[number] for number in tied}
    is_last = len(ranks_of_runs) == 1 and ranks_of_runs.pop() > last_of_others
    if not is_last or character not in tokens or any(2 * character in tokens[number] for number in others):
        return b""
    lengths = {len(text) for text in texts}
    counts = bytes(tokens_of_run(length, lengths) for length in range(MAX_RUN + 1))
    return numbers([tokens.index(character)]) + counts


def tokens_of_run(length: int, lengths: Collection[int]) -> int:
    """Return how many tokens a run of a character has, if runs of `lengths` are tokens; the first two merge first."""
    parts, place = [1] * length, 0
    while place + 1 < len(parts):
        together = parts[place] + parts[place + 1]
        if together in lengths:
            parts[place : place + 2] = [together]
            place = 0
        else:
            place += 1
    return len(parts)
