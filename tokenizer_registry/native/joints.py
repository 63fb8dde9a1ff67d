"""What tokens join that a text is cut between: texts with such a place are not cut for their vocabulary."""

from collections.abc import Iterable, Iterator
from typing import Final

from tokenizer_registry.native.characters import read_characters

ENDS_OF: Final = {b" "[0]: "may end a word", b"\n"[0]: "may end a line"}


def joints(tokens: Iterable[bytes]) -> list[bytes]:
    """The end of a word, or as much of it as its token has, and the space or line feed that the token has behind it.

    Patterns that cut all of a text do so there whatever tokens there are. This is for vocabularies without a pattern,
    or with one that leaves gaps.
    """
    ends = {byte: _with(name) for byte, name in ENDS_OF.items()}
    return sorted({found for token in tokens if _may_join(token) for found in _joints(token, ends)})


def _may_join(token: bytes) -> bool:
    """Return whether a space or a line feed is behind the first byte."""
    return token.rfind(b" ") > 0 or token.rfind(b"\n") > 0


def _joints(token: bytes, ends: dict[int, frozenset[int]]) -> Iterator[bytes]:
    for place in range(1, len(token)):
        if token[place] not in ends:
            continue
        start = place - 1
        while start and token[start] & 0xC0 == 0x80:
            start -= 1
        end = token[start:place]
        # Of a part of a character it is not known whether it ends a word: some do.
        if end[0] & 0xC0 == 0x80 or read_characters().class_of(ord(end.decode())) in ends[token[place]]:
            yield token[start : place + 1]


def _with(flag: str) -> frozenset[int]:
    """The classes whose characters have the flag."""
    return read_characters().sets[flag]
