"""A vocabulary put together from counts: text is cleaned, marked, and cut into as few pieces as can be.

The pieces are a SentencePiece model in which each costs the same, so that its best cut is the one with the
fewest. Byte beginnings are in the same model, as control pieces, which text never matches.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Final

from tokenizer_registry.approximation.cleaning import Cleaner
from tokenizer_registry.approximation.letters import SECOND_HALF, UNCOVERED, WORD_ENDS
from tokenizer_registry.approximation.marked_text import Marker, MarkingDialect
from tokenizer_registry.approximation.runs import Classes
from tokenizer_registry.backends.sentencepiece import SentencePieceEngine


class ByteFloor:
    """`known` are the byte strings that are one token; so is every single byte."""

    def __init__(self, known: Collection[bytes]) -> None:
        self._known = frozenset(known)

    def cost(self, character: str) -> int:
        """The fewest tokens that the character's bytes can be cut into: 1 to 4."""
        encoded = character.encode("utf-8")
        fewest = [0]
        for end in range(1, len(encoded) + 1):
            starts = (start for start in range(end) if end - start == 1 or encoded[start:end] in self._known)
            fewest.append(min(fewest[start] + 1 for start in starts))
        return fewest[-1]


BLOCK_CHARACTERS: Final = 65_536
COSTS_KEPT: Final = 65_536
_BYTES: Final = re.compile("<0x([0-9A-F]+)>")
_FIRST_HALF: Final = re.compile(f"(.)(?={re.escape(SECOND_HALF)})", re.DOTALL)


class Reconstruction:
    """Counts what a text adds to one message, without what is put around the message."""

    def __init__(self, content: bytes, classes: Classes, dialect: MarkingDialect) -> None:
        self._engine = SentencePieceEngine(content)
        self._cleaner = Cleaner(fold_quotes=dialect.fold_quotes)
        self._marker = Marker(classes, dialect)
        self._opens_word = dialect.opens_word
        pieces = self._engine.pieces()[1:]
        alphabet = set("".join(piece for piece in pieces if not _BYTES.fullmatch(piece)))
        doubled = set().union(*(_FIRST_HALF.findall(piece) for piece in pieces if SECOND_HALF in piece))
        single = alphabet - doubled - {UNCOVERED, SECOND_HALF}
        self._doubled = frozenset(doubled)
        self._not_single = re.compile(f"[^{''.join(map(re.escape, sorted(single)))}]")
        known = [bytes.fromhex(match[1]) for piece in pieces if (match := _BYTES.fullmatch(piece))]
        self._cost = lru_cache(COSTS_KEPT)(ByteFloor([*known, *(character.encode() for character in single)]).cost)

    def count(self, text: str) -> int:
        """The number of tokens; 0 for an empty text. The text must not hold lone surrogates."""
        if not text:
            return 0
        clean = self._cleaner.clean(text)
        body = clean.rstrip("\n")
        tail = self._tail(len(clean) - len(body))
        if self._opens_word and text[0] == " " and body[:1] == " " and body[1:2] != " ":
            body = body[1:]
        marked = self._marker.mark(body)
        extra = 0
        if not body.isascii():
            marked, extra = self._covered(marked)
        return tail + extra + sum(map(self._engine.count, _blocks(marked)))

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        return list(map(self.count, texts))

    def _tail(self, line_feeds: int) -> int:
        """Line feeds at the end join the two that end the message, of which one token is the message's own."""
        return self._engine.count("\n" * (line_feeds + 2)) - 1 if line_feeds else 0

    def _covered(self, marked: str) -> tuple[str, int]:
        """The text with one stand-in for each character that no piece holds, and what these cost beyond one."""
        extra = 0

        def in_place(match: re.Match[str]) -> str:
            nonlocal extra
            character = match[0]
            if character in self._doubled:
                return character + SECOND_HALF
            extra += self._cost(character) - 1
            return UNCOVERED

        return self._not_single.sub(in_place, marked), extra


def _blocks(marked: str) -> Iterator[str]:
    """The text in parts of about BLOCK_CHARACTERS; no piece reaches beyond a word's end."""
    start = 0
    while len(marked) - start > BLOCK_CHARACTERS:
        end = marked.find(WORD_ENDS, start + BLOCK_CHARACTERS)
        if end < 0:
            break
        yield marked[start : end + 1]
        start = end + 1
    yield marked[start:]
