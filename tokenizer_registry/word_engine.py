"""An engine that counts words it has met before by looking them up, and others with the engine beneath."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from tokenizer_registry.vocabulary import Engine
from tokenizer_registry.words import BLOCK_CHARACTERS, Cut, WordTable, blocks

# Larger blocks cannot be cut: runs of one character, scripts without spaces.
LARGE_BLOCK: Final = 4 * BLOCK_CHARACTERS


class WordEngine:
    """Counts with a table of words over an engine. For vocabularies that are proven to have words.

    `adds_prefix`: the engine puts a space in front of each text, as its owner does. `is_quick`: the engine takes about
    as long for a word as looking it up, so that a text for it alone need not be cut.
    """

    __slots__ = ("_engine", "_is_quick", "_name", "_prefix", "_table")

    def __init__(self, name: str, engine: Engine, table: WordTable, *, adds_prefix: bool, is_quick: bool) -> None:
        self._name = name
        self._engine = engine
        self._table = table
        self._prefix = "" if adds_prefix else " "
        self._is_quick = is_quick

    def is_ready(self, text: str) -> bool:
        """Whether counting this text would load nothing first."""
        ready = getattr(self._engine, "is_ready", None)
        return ready is None or ready(text)

    def encode(self, text: str) -> list[int]:
        return self._engine.encode(text)

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        return self._engine.count_batch(texts) if self._is_quick else list(map(self.count, texts))

    def count(self, text: str) -> int:
        """The number of tokens."""
        if len(text) <= BLOCK_CHARACTERS and self._is_quick:
            return self._engine.count(text)
        total = 0
        for number, block in enumerate(blocks(text)):
            if self._is_quick or len(block) > LARGE_BLOCK:
                total += self.count_block(block, number == 0)
            else:
                total += self.count_cut(self._table.cut(block, number == 0))
        return total

    def count_cut(self, cut: Cut) -> int:
        """The number of tokens of a block that has been cut."""
        counts = cut.words.counts_of(self._name)
        numbers = cut.numbers
        known: tuple[int, ...] = itemgetter(*numbers)(counts) if len(numbers) > 1 else tuple(counts[n] for n in numbers)
        new = [number for number, tokens in zip(numbers, known, strict=True) if not tokens] if 0 in known else []
        return sum(known) + (self._count_new(cut, counts, new) if new or cut.long or cut.first else 0)

    def _count_new(self, cut: Cut, counts: bytearray, new: list[int]) -> int:
        """Count the words that are not known, all in one call, and remember the counts that fit."""
        prefix, texts = self._prefix, cut.words.texts
        distinct = list(dict.fromkeys(new))
        pieces = [prefix + texts[number] for number in distinct]
        pieces += [prefix + word for word in cut.long]
        tokens = self._engine.count_batch([*pieces, cut.first] if cut.first else pieces)
        learnt = dict(zip(distinct, tokens, strict=False))
        for number, count in learnt.items():
            if count < 256:
                counts[number] = count
        return sum(map(learnt.__getitem__, new)) + sum(tokens[len(distinct) :])

    def count_block(self, block: str, opens: bool) -> int:
        """The number of tokens of a block as a whole."""
        return self._engine.count(block if opens or self._prefix else block[1:])
