"""Vocabularies that are counted together: a text is cut into words once, and words that were met before are known."""

import ctypes
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from tokenizer_registry.native.library import COLUMNS, TEXT_TOO_LONG, library
from tokenizer_registry.native.packed_files import Mapped
from tokenizer_registry.vocabulary import refuse_long, refuse_surrogates, too_long

# Bytes times columns: a text this small is counted in less time than it may take to get the GIL back.
SMALL_BYTES: Final = 32_768
# The same for `count_small`, which is asked before the bytes are known: prose has about one or two a character.
SMALL_CHARACTERS: Final = SMALL_BYTES // 2
# A place is four numbers: column, begin, length, and whether it opens its text.
PLACE: Final = 4

Totals = ctypes.c_uint64 * COLUMNS


class Word(NamedTuple):
    """A word that the C library leaves to others.

    It begins with the space or line feed that it was cut at, unless it opens its text.
    """

    text: str
    opens: bool


Resolve = Callable[[Sequence[Word]], list[int]]


class PlanFull(Exception):
    """There is no column left, or no memory."""


class Plan:
    """Columns of vocabularies over one table of characters.

    Safe to use from many threads. Raises OSError where the C library was not built for this machine.
    """

    def __init__(self, characters: Mapped) -> None:
        self._holding = library(frees_gil=False)
        self._freeing = library()
        self._mapped = [characters]
        self._resolve: list[Resolve] = []
        self._plan = self._freeing.weighbridge_plan(characters.address)
        if not self._plan:
            raise PlanFull
        # A small text's tokens for each wanted column, in their order; an empty list if words of it are left to others.
        # Holds the GIL. A call of it costs as much as a thousand characters, so nothing is around it. Raises
        # UnicodeEncodeError for a lone surrogate.
        self.count_small: Callable[[str, int], list[int]] = partial(self._holding.weighbridge_count_small, self._plan)
        self._finalizer = weakref.finalize(self, self._freeing.weighbridge_free, self._plan)

    def add(self, packed: Mapped, *, has_words: bool, resolve: Resolve) -> int:
        """Add a packed vocabulary; its column. `resolve` counts the words that are left to it. Raises PlanFull."""
        column = len(self._resolve)
        if not self._freeing.weighbridge_add(self._plan, column, packed.address, packed.size, has_words):
            raise PlanFull
        self._mapped.append(packed)
        self._resolve.append(resolve)
        return column

    def count(self, text: str, wanted: int, normalized: int = 0) -> "ctypes.Array[ctypes.c_uint64]":
        """The tokens for each column; only those hold whose bits are set in `wanted`.

        The columns of `normalized` take the text as normalized already. Raises UncountableText for a lone surrogate or
        a text that is too long, MemoryError, and what an owner's library raises.
        """
        refuse_long(text)
        try:
            content = text.encode("utf-8")
        except UnicodeEncodeError:
            refuse_surrogates(text)
            raise
        totals, left = Totals(), ctypes.c_void_p()
        is_small = len(content) * wanted.bit_count() <= SMALL_BYTES
        library = self._holding if is_small else self._freeing
        words = library.weighbridge_count(
            self._plan, content, len(content), wanted, normalized, totals, is_small, ctypes.byref(left)
        )
        if words:
            self._add_uncounted(content, words, totals, left)
        return totals

    def _add_uncounted(
        self, content: bytes, words: int, totals: "ctypes.Array[ctypes.c_uint64]", left: ctypes.c_void_p
    ) -> None:
        if words < 0:
            raise too_long() if words == TEXT_TOO_LONG else MemoryError
        # No place of the C library is held here: the words are counted in others, which may be taken by threads that
        # wait for the GIL.
        try:
            places = (ctypes.c_uint32 * (PLACE * words))()
            self._holding.weighbridge_left_words(left, places)
            self._holding.weighbridge_learn(left, content, self._resolved(content, places, totals))
        finally:
            self._holding.weighbridge_free_left(left)

    def _resolved(
        self, content: bytes, places: "ctypes.Array[ctypes.c_uint32]", totals: "ctypes.Array[ctypes.c_uint64]"
    ) -> "ctypes.Array[ctypes.c_uint32]":
        """The tokens of each word that was left, after they were added to the totals."""
        by_column: dict[int, dict[Word, list[int]]] = {}
        for number, place in enumerate(range(0, len(places), PLACE)):
            column, begin, length, opens = places[place : place + PLACE]
            word = Word(content[begin : begin + length].decode("utf-8"), bool(opens))
            by_column.setdefault(column, {}).setdefault(word, []).append(number)
        tokens = (ctypes.c_uint32 * (len(places) // PLACE))()
        for column, words in by_column.items():
            for numbers, count in zip(words.values(), self._resolve[column](list(words)), strict=True):
                totals[column] += count * len(numbers)
                for number in numbers:
                    tokens[number] = count
        return tokens
