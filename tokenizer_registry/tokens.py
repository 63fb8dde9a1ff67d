"""Tokens with their places in the text that they were cut from."""

from collections.abc import Sequence
from typing import NamedTuple


class Token(NamedTuple):
    """A token's number, and the characters `text[start:end]` that its bytes belong to.

    A character that is cut into several tokens belongs to each of them, so neighbours may share one.
    """

    id: int
    start: int
    end: int


def covering(tokens: Sequence[Token], length: int) -> list[Token]:
    """The tokens with places that leave no character of a text of this length out, in order.

    Libraries give a byte of a character no place, or skip what their normalizer dropped: the byte gets the place of
    its character, what was dropped goes to the token after it, or to the last.
    """
    placed: list[Token] = []
    for token in reversed(tokens):
        if token.start == token.end and placed and placed[-1].start == token.start:
            token = token._replace(end=placed[-1].end)
        placed.append(token)
    placed.reverse()
    covered = 0
    for number, token in enumerate(placed):
        last = number == len(placed) - 1
        start = min(token.start, covered)
        end = length if last else max(token.end, covered)
        placed[number] = token._replace(start=start if start < end else max(end - 1, 0), end=end)
        covered = end
    return placed


def segments(text: str, tokens: Sequence[Token]) -> list[tuple[str, tuple[int, ...]]]:
    """The text in pieces, each with the numbers of its tokens: those that share a character share a piece."""
    groups: list[tuple[int, int, list[int]]] = []
    for token in tokens:
        if groups and token.start < groups[-1][1]:
            start, end, ids = groups[-1]
            groups[-1] = (start, max(end, token.end), [*ids, token.id])
        else:
            groups.append((token.start, token.end, [token.id]))
    return [(text[start:end], tuple(ids)) for start, end, ids in groups]
