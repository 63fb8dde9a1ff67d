"""Vocabularies that the C library counts with, and counting one text for many of them in one call."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from tokenizer_registry.errors import UncountableText
from tokenizer_registry.native.counter_set import SMALL_CHARACTERS, CounterSet, UnresolvedWord
from tokenizer_registry.native.layout import normal_form_of, own_normalizer_of
from tokenizer_registry.native.normalizers import OwnNormalizer, build_own_normalizer
from tokenizer_registry.native.packed_files import Mapped
from tokenizer_registry.native.text_column import NOT_KNOWN, RowState, TextColumn, copied_columns
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.vocabulary import (
    PASSED_ON,
    GuardedVocabulary,
    ReferenceTokenizer,
    Vocabulary,
    gave_up,
    guarded,
    refuse_surrogates,
)

# Normalizing more characters than this holds the GIL for longer than other threads should wait.
MAX_NORMALIZED_CHARACTERS: Final = 16_384
# As many small texts are counted in as much time by a call each as in a column.
SMALL_TEXTS: Final = 64
# Vocabularies with a normalizer of their own take about three times as long as others.
EFFORT_OF_OWN_NORMALIZER: Final = 3


class NativeEngine:
    """Counts with one slot of a counter set.

    The C library leaves words unresolved that a normalizer may change depending on their neighbours. They are
    normalized here and counted as normalized text; very long ones may be counted by the reference library.
    """

    __slots__ = ("_bit", "_count_small", "_normalize", "_own_normalizer", "_reference", "counter_set", "slot")

    def __init__(
        self, counter_set: CounterSet, packed: Mapped, reference: ReferenceTokenizer, *, has_words: bool
    ) -> None:
        description, form = own_normalizer_of(packed.content), normal_form_of(packed.content)
        self.counter_set = counter_set
        self._reference = reference
        self._own_normalizer: OwnNormalizer | None = build_own_normalizer(description) if description else None
        self._normalize = normalizer(form) if form is not None and self._own_normalizer is None else None
        count_words = self._count_with_own_normalizer if self._own_normalizer else self._count_with_normal_form
        self.slot = counter_set.add(packed, has_words=has_words, count_words=count_words)
        self._bit = 1 << self.slot
        self._count_small = counter_set.count_one(self.slot)

    @property
    def has_own_normalizer(self) -> bool:
        """Whether the normalizer is that of this vocabulary, not one of Unicode's normal forms."""
        return self._own_normalizer is not None

    def count(self, text: str) -> int:
        """Return the number of tokens. Raise UncountableText, MemoryError, and whatever a reference library raises."""
        if len(text) <= SMALL_CHARACTERS and not self.counter_set.unresolved_slots & self._bit:
            try:
                tokens = self._count_small(text, text.isascii())
            except UnicodeEncodeError:
                refuse_surrogates(text)
                raise
            if tokens != NOT_KNOWN:
                return tokens
        return self.counter_set.count(text, self._bit)[self.slot]

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text. Free the GIL, unless the texts are small together.

        Raise UnicodeEncodeError or UncountableText for a lone surrogate.
        """
        if len(texts) <= SMALL_TEXTS and sum(map(len, texts)) <= SMALL_CHARACTERS:
            counts = [self._count_small(text, text.isascii()) for text in texts]
            if NOT_KNOWN not in counts:
                return counts
            return [
                self.count(text) if tokens == NOT_KNOWN else tokens for text, tokens in zip(texts, counts, strict=True)
            ]
        counts = []
        for column in copied_columns(texts):
            (found,), left_over = self.counter_set.count_column(column, self._bit)
            for row in left_over:
                found[row] = self.count(column.text(row))
            counts += found
        return counts

    def _count_with_own_normalizer(self, words: Sequence[UnresolvedWord]) -> list[int]:
        return list(map(self._count_unresolved, words))

    def _count_unresolved(self, word: UnresolvedWord) -> int:
        own = self._own_normalizer
        # The vocabulary's normalizer puts a space in front of each word itself, or drops it.
        text = word.text if word.is_first else word.text[1:]
        if own is None or (len(text) > MAX_NORMALIZED_CHARACTERS and not own.is_in_blocks):
            return self._reference.engine.count(text)
        # Only the last word of a text may become nothing, and leaves the space before it.
        return self._count_normalized(own.normalize(text) or ("" if word.is_first else " "))

    def _count_with_normal_form(self, words: Sequence[UnresolvedWord]) -> list[int]:
        normalize = self._normalize
        if normalize is None:
            raise TypeError("this vocabulary has no normalizer, so that no word is unresolved")
        return [self._count_normalized(normalize(word.text)) for word in words]

    def _count_normalized(self, text: str) -> int:
        return self.counter_set.count(text, self._bit, self._bit)[self.slot]


class NativeVocabulary(GuardedVocabulary):
    """A vocabulary in a counter set, which counts together with the others of the set."""

    __slots__ = ("engine",)

    def __init__(self, name: str, engine: NativeEngine, reference: ReferenceTokenizer) -> None:
        super().__init__(name, engine, reference, EFFORT_OF_OWN_NORMALIZER if engine.has_own_normalizer else 1)
        self.engine = engine

    def count(self, text: str) -> int:
        # The engine itself refuses a text that is too long or has a lone surrogate.
        try:
            return self.engine.count(text)
        except PASSED_ON:
            raise
        except BaseException as error:
            raise gave_up(self._name, error) from error

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        try:
            return self.engine.count_batch(texts)
        except UnicodeEncodeError:
            return super().count_batch(texts)  # which names the surrogate
        except PASSED_ON:
            raise
        except BaseException as error:
            raise gave_up(self._name, error) from error


class BatchCounter:
    """Counts texts for several vocabularies at a time: in one call for those of one counter set, singly for others."""

    __slots__ = ("_bits", "_count_small", "_counter_set", "_others", "_slots", "_small_characters", "names")

    def __init__(self, vocabularies: Mapping[str, Vocabulary]) -> None:
        native = {name: found.engine for name, found in vocabularies.items() if isinstance(found, NativeVocabulary)}
        sets = {engine.counter_set for engine in native.values()}
        self._counter_set: CounterSet | None = sets.pop() if len(sets) == 1 else None
        ordered = sorted((engine.slot, name) for name, engine in native.items())
        self._slots = {name: slot for slot, name in ordered} if self._counter_set else {}
        self._small_characters = SMALL_CHARACTERS // max(len(self._slots), 1)
        self._bits = sum(1 << slot for slot in self._slots.values())
        self._count_small = self._counter_set.count_each(self._bits) if self._counter_set else None
        self._others = {name: found for name, found in vocabularies.items() if name not in self._slots}
        self.names = (*self._slots, *self._others)

    def count(self, text: str) -> list[int]:
        """Return the number of tokens for each vocabulary, in the order of `names`. Raise UncountableText."""
        try:
            counts = self._count_in_set(text)
        except UnicodeEncodeError as error:
            refuse_surrogates(text)
            raise gave_up(self, error) from error
        except PASSED_ON:
            raise
        except BaseException as error:
            raise gave_up(self, error) from error
        return counts + [other.count(text) for other in self._others.values()] if self._others else counts

    @property
    def counts_columns(self) -> bool:
        """Whether all vocabularies are in one counter set, so that `count_column` counts with all of them."""
        return self._counter_set is not None and not self._others

    def count_column(self, column: TextColumn) -> list[list[int | None]]:
        """Return the number of tokens of each row, in a list for each vocabulary, in the order of `names`.

        None for a row that is null, is not UTF-8 or cannot be counted. Free the GIL.
        """
        if self._counter_set is None or self._others:
            raise TypeError("the vocabularies are not in one counter set")
        by_slot, uncounted = self._counter_set.count_column(column, self._bits)
        counts: list[list[int | None]] = [[*found] for found in by_slot]
        for row, state in uncounted.items():
            if state is RowState.LEFT_OVER:
                self._count_left_over(self._counter_set, column.text(row), row, counts)
            else:
                for found in counts:
                    found[row] = None
        return counts

    def _count_left_over(self, counter_set: CounterSet, text: str, row: int, counts: list[list[int | None]]) -> None:
        """Replace the counts of a row that are not known; by None if the text cannot be counted."""
        slots = [slot for slot, found in zip(self._slots.values(), counts, strict=True) if found[row] == NOT_KNOWN]
        totals: Mapping[int, int] = {}
        with suppress(UncountableText):
            counted = guarded(self, partial(counter_set.count, wanted=sum(1 << slot for slot in slots)), text)
            totals = {slot: counted[slot] for slot in slots}
        for slot, found in zip(self._slots.values(), counts, strict=True):
            if found[row] == NOT_KNOWN:
                found[row] = totals.get(slot)

    def _count_in_set(self, text: str) -> list[int]:
        """Return the number of tokens for each vocabulary of the counter set."""
        if self._counter_set is None or self._count_small is None:
            return []
        if len(text) <= self._small_characters and (counts := self._count_small(text, text.isascii())):
            return counts
        totals = self._counter_set.count(text, self._bits)
        return [totals[slot] for slot in self._slots.values()]

    def __str__(self) -> str:
        return ", ".join(self._slots)
