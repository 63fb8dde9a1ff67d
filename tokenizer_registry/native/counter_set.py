"""A set of vocabularies that count texts together, in one call of the C library.

Each text is cut into words once. The set caches the counts of words, so that a known word costs one look-up for all
vocabularies.
"""

import ctypes
from array import array
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tokenizer_registry.native.library import SLOTS, TEXT_TOO_LONG, library
from tokenizer_registry.native.packed_files import Mapped
from tokenizer_registry.native.text_column import ColumnCounts, RowState, TextColumn
from tokenizer_registry.vocabulary import (
    MAX_CHARACTER_BYTES,
    MAX_TEXT_BYTES,
    refuse_long,
    refuse_surrogates,
    too_long,
)

# Bytes times vocabularies: counting a text this small takes less time than getting the GIL back may take.
SMALL_BYTES: Final = 32_768
# The same limit in characters, for calls made before the size in bytes is known: prose has one to two bytes for each.
SMALL_CHARACTERS: Final = SMALL_BYTES // 2
# The C library describes an unresolved word in four numbers: slot, begin, length, and whether it begins its text.
NUMBERS_PER_WORD: Final = 4

Totals = ctypes.c_uint64 * SLOTS


def _address(numbers: "array[int] | bytearray") -> "ctypes.c_void_p | None":
    """Return the address of a buffer that is not resized; None if it is empty."""
    return ctypes.cast((ctypes.c_char * len(numbers)).from_buffer(numbers), ctypes.c_void_p) if numbers else None


class UnresolvedWord(NamedTuple):
    """A word that the C library cannot count, because a normalizer may change it.

    It begins with the space or line feed that it was cut at, unless it is the first of its text.
    """

    text: str
    is_first: bool


CountOne = Callable[[str, bool], int]
CountEach = Callable[[str, bool], list[int]]
CountWords = Callable[[Sequence[UnresolvedWord]], list[int]]


class CounterSetFull(Exception):
    """All slots are taken, or there is no memory."""


class CounterSet:
    """Vocabularies in numbered slots, over one table of characters. Safe to use from many threads.

    Raise OSError if the C library was not built for this machine.
    """

    def __init__(self, characters: Mapped) -> None:
        self._holding_gil = library(frees_gil=False)
        self._freeing_gil = library()
        self._mapped = [characters]
        self._count_words: list[CountWords] = []
        # The slots for which `count` last met a text with unresolved words. The next one is likely to have some too:
        # `count_one` would count it for nothing.
        self.unresolved_slots = 0
        self._handle = self._freeing_gil.weighbridge_counter_set(characters.address)
        if not self._handle:
            raise CounterSetFull
        self._owner: object = self._holding_gil.weighbridge_own_set(self._handle)

    def add(self, packed: Mapped, *, has_words: bool, count_words: CountWords) -> int:
        """Add a packed vocabulary and return its slot. Raise CounterSetFull.

        `count_words` counts the words that the C library leaves unresolved. `has_words`: no token of the vocabulary
        reaches across the end of a word.
        """
        slot = len(self._count_words)
        if not self._freeing_gil.weighbridge_add(self._handle, slot, packed.address, packed.size, has_words):
            raise CounterSetFull
        self._mapped.append(packed)
        self._count_words.append(count_words)
        return slot

    def count_one(self, slot: int) -> CountOne:
        """Return a function that counts a small text for one slot, which serves as long as this set is used.

        It takes the text and whether it is ASCII, and returns NOT_KNOWN if words are unresolved. It holds the GIL, and
        raises UnicodeEncodeError for a lone surrogate.
        """
        found: CountOne = self._holding_gil.weighbridge_count_one(self._handle, slot)
        return found

    def count_each(self, wanted: int) -> CountEach:
        """Return the same for the slots whose bits are set in `wanted`: the tokens in the order of slots, or none."""
        found: CountEach = self._holding_gil.weighbridge_count_each(self._handle, wanted)
        return found

    def count(self, text: str, wanted: int, normalized: int = 0) -> "ctypes.Array[ctypes.c_uint64]":
        """Return the number of tokens for each slot; only those whose bits are set in `wanted` are valid.

        The slots whose bits are set in `normalized` take the text as already normalized. Raise UncountableText for a
        lone surrogate or a text that is too long, MemoryError, and whatever a reference library raises.
        """
        if len(text) * MAX_CHARACTER_BYTES > MAX_TEXT_BYTES:
            refuse_long(text)
        try:
            content = text.encode("utf-8")
        except UnicodeEncodeError:
            refuse_surrogates(text)
            raise
        totals, unresolved = Totals(), ctypes.c_void_p()
        is_small = len(content) * wanted.bit_count() <= SMALL_BYTES
        library = self._holding_gil if is_small else self._freeing_gil
        words = library.weighbridge_count(
            self._handle, content, len(content), wanted, normalized, totals, is_small, ctypes.byref(unresolved)
        )
        if words:
            self.unresolved_slots |= wanted
            self._add_unresolved(content, words, totals, unresolved)
        else:
            self.unresolved_slots &= ~wanted | normalized
        return totals

    def count_column(self, column: TextColumn, wanted: int) -> ColumnCounts:
        """Return the number of tokens of each row for the slots whose bits are set in `wanted`. Free the GIL."""
        rows = column.count
        counts, states = array("q", bytes(8 * rows * wanted.bit_count())), bytearray(rows)
        uncounted = self._freeing_gil.weighbridge_count_column(
            self._handle, ctypes.byref(column), wanted, *(_address(numbers) for numbers in (counts, states))
        )
        found = counts.tolist()
        return ColumnCounts(
            [found[slot * rows : (slot + 1) * rows] for slot in range(wanted.bit_count())],
            {row: RowState(state) for row, state in enumerate(states) if state} if uncounted else {},
        )

    def _add_unresolved(
        self, content: bytes, words: int, totals: "ctypes.Array[ctypes.c_uint64]", unresolved: ctypes.c_void_p
    ) -> None:
        """Add the tokens of unresolved words to the totals, and let the C library cache them."""
        if words < 0:
            raise too_long() if words == TEXT_TOO_LONG else MemoryError
        # This call holds no workspace of the C library: counting the words takes another one, and threads that wait for
        # the GIL may have taken all.
        try:
            places = (ctypes.c_uint32 * (NUMBERS_PER_WORD * words))()
            self._holding_gil.weighbridge_unresolved_words(unresolved, places)
            self._holding_gil.weighbridge_learn(unresolved, content, self._resolve(content, places, totals))
        finally:
            self._holding_gil.weighbridge_free_unresolved(unresolved)

    def _resolve(
        self, content: bytes, places: "ctypes.Array[ctypes.c_uint32]", totals: "ctypes.Array[ctypes.c_uint64]"
    ) -> "ctypes.Array[ctypes.c_uint32]":
        """Return the number of tokens of each unresolved word, in order; add them to the totals."""
        by_slot: dict[int, dict[UnresolvedWord, list[int]]] = {}
        for number, place in enumerate(range(0, len(places), NUMBERS_PER_WORD)):
            slot, begin, length, is_first = places[place : place + NUMBERS_PER_WORD]
            word = UnresolvedWord(content[begin : begin + length].decode("utf-8"), bool(is_first))
            by_slot.setdefault(slot, {}).setdefault(word, []).append(number)
        tokens = (ctypes.c_uint32 * (len(places) // NUMBERS_PER_WORD))()
        for slot, words in by_slot.items():
            for numbers, count in zip(words.values(), self._count_words[slot](list(words)), strict=True):
                totals[slot] += count * len(numbers)
                for number in numbers:
                    tokens[number] = count
        return tokens
