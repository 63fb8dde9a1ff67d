"""Vocabularies of the C library, and counting one text for many of them in one call."""

from collections.abc import Mapping, Sequence
from typing import Final

from tokenizer_registry.native.counter_set import SMALL_CHARACTERS, Plan, Word
from tokenizer_registry.native.layout import form_of, own_form_of
from tokenizer_registry.native.normalizers import OwnForm, own_form
from tokenizer_registry.native.packed_files import Mapped
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.vocabulary import (
    NOT_FOR_TEXTS,
    GuardedVocabulary,
    Owner,
    Vocabulary,
    gave_up,
    guarded,
    refuse_surrogates,
)

# To bring more characters into a form would hold the GIL for longer than others should wait.
MAX_IN_FORM: Final = 16_384


class NativeEngine:
    """Counts with a column of a plan.

    The C library leaves words alone that a normalizer might change in a way that depends on their neighbours. They are
    normalized here, and counted all the same. Very long ones may be the owner's library's.
    """

    __slots__ = ("_bit", "_normalize", "_own_form", "_owner", "column", "plan")

    def __init__(self, plan: Plan, packed: Mapped, owner: Owner, *, has_words: bool) -> None:
        description, form = own_form_of(packed.content), form_of(packed.content)
        self.plan = plan
        self._owner = owner
        self._own_form: OwnForm | None = own_form(description) if description is not None else None
        self._normalize = normalizer(form) if form is not None and self._own_form is None else None
        resolve = self._in_own_form if self._own_form else self._in_form
        self.column = plan.add(packed, has_words=has_words, resolve=resolve)
        self._bit = 1 << self.column

    @property
    def has_own_form(self) -> bool:
        """Whether its normalizer is that of this vocabulary, not one of Unicode."""
        return self._own_form is not None

    def count(self, text: str) -> int:
        """The number of tokens."""
        return self.plan.count(text, self._bit)[self.column]

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        return list(map(self.count, texts))

    def _in_own_form(self, words: Sequence[Word]) -> list[int]:
        # The space that a word was cut at is put in front of it by the owner's normalizer, or does not count.
        return [self._count_in_own_form(word.text if word.opens else word.text[1:]) for word in words]

    def _count_in_own_form(self, text: str) -> int:
        form = self._own_form
        if form is None or (len(text) > MAX_IN_FORM and not form.is_in_blocks):
            return self._owner.engine.count(text)
        return self._count_normalized(form.make(text))

    def _in_form(self, words: Sequence[Word]) -> list[int]:
        normalize = self._normalize
        if normalize is None:
            raise TypeError("this vocabulary leaves no words to others")
        return [self._count_normalized(normalize(word.text)) for word in words]

    def _count_normalized(self, text: str) -> int:
        return self.plan.count(text, self._bit, self._bit)[self.column]


# These take some three times as long as others.
EFFORT_OF_OWN_FORM: Final = 3


class NativeVocabulary(GuardedVocabulary):
    """A vocabulary that is counted together with others of its plan."""

    __slots__ = ("engine",)

    def __init__(self, name: str, engine: NativeEngine, owner: Owner) -> None:
        super().__init__(name, engine, owner, EFFORT_OF_OWN_FORM if engine.has_own_form else 1)
        self.engine = engine

    def count(self, text: str) -> int:
        # The engine refuses what is too long or holds a lone surrogate.
        return guarded(self._name, self.engine.count, text)


class Together:
    """Some vocabularies, to count one text after the other for all of them."""

    __slots__ = ("_bits", "_columns", "_others", "_plan", "_small_characters", "names")

    def __init__(self, vocabularies: Mapping[str, Vocabulary]) -> None:
        native = {name: found.engine for name, found in vocabularies.items() if isinstance(found, NativeVocabulary)}
        plans = {engine.plan for engine in native.values()}
        self._plan: Plan | None = plans.pop() if len(plans) == 1 else None
        ordered = sorted((engine.column, name) for name, engine in native.items())
        self._columns = {name: column for column, name in ordered} if self._plan else {}
        self._small_characters = SMALL_CHARACTERS // max(len(self._columns), 1)
        self._bits = sum(1 << column for column in self._columns.values())
        self._others = {name: found for name, found in vocabularies.items() if name not in self._columns}
        self.names = (*self._columns, *self._others)

    def count(self, text: str) -> list[int]:
        """The number of tokens for each vocabulary, in the order of `names`. Raises UncountableText."""
        try:
            found = self._counted(text)
        except UnicodeEncodeError as error:
            refuse_surrogates(text)
            raise gave_up(self, error) from error
        except NOT_FOR_TEXTS:
            raise
        except BaseException as error:
            raise gave_up(self, error) from error
        return found + [other.count(text) for other in self._others.values()] if self._others else found

    def _counted(self, text: str) -> list[int]:
        """By the plan."""
        if self._plan is None:
            return []
        found = self._plan.count_small(text, self._bits) if len(text) <= self._small_characters else None
        if found:
            return found
        totals = self._plan.count(text, self._bits)
        return [totals[column] for column in self._columns.values()]

    def __str__(self) -> str:
        return ", ".join(self._columns)
