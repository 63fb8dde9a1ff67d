"""What a packed vocabulary is made of: a way of counting, and the tables that it needs."""

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tokenizer_registry.native.characters import FLAGS, PLAIN_IN
from tokenizer_registry.native.splits import Split
from tokenizer_registry.native.tables import strings, with_prefixes

# What stands for a space in pieces.
BAR: Final = "▁".encode()
# What stands in front of content that only Python reads.
SIZE: Final = struct.Struct("<I")


class Method(IntEnum):
    """How a segment of text becomes tokens; the numbers are the C library's."""

    BYTES_BY_RANK = 0
    PIECES_BY_RANK = 1
    UNIGRAM = 2
    WORD_PIECES = 3


class Section(IntEnum):
    """The tables of a packed file; splits come behind them."""

    TOKENS = 0
    LEFT_OUT = 1
    ADDED = 2
    ADDED_ENDS = 3
    SCORES = 4
    CONTINUATIONS = 5
    RANKS = 6
    CHANGED = 7
    CHANGED_INTO = 8
    WHOLE = 9
    ASCII_PAIRS = 10
    JOINTS = 11
    OWN_FORM = 12


@dataclass(slots=True)
class Tables:
    """A vocabulary for the C library. `plain`: the flag that all its characters but ASCII must have.

    `candidates` are the texts of its tokens, in the order of their numbers: which of them are what becomes of their own
    text is found out when it is packed.
    """

    method: Method
    sections: dict[Section, bytes] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    plain: int = 0
    puts_space_first: bool = False
    strips_end: bool = False
    candidates: Sequence[bytes] = ()
    unknown: int = 0
    unknown_score: float = 0.0


def flag_of(form: str | None) -> int:
    """The flag that characters must have for texts in this form; 0 where there is no form."""
    return 1 << FLAGS.index(f"{PLAIN_IN}{form}") if form else 0


def added_sections(texts: Sequence[str]) -> dict[Section, bytes]:
    """The tables of what is a token wherever it stands."""
    if not texts:
        return {}
    prefixes = with_prefixes(texts)
    return {Section.ADDED: strings(prefixes.texts), Section.ADDED_ENDS: bytes(prefixes.are_whole)}


def numbers(values: Sequence[int]) -> bytes:
    """A table of whole numbers."""
    return array("I", values).tobytes()
