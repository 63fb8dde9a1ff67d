"""Vocabularies of the C library, and counting one text for many of them in one call."""

from collections.abc import Mapping
from typing import Final

from tokenizer_registry.native.engine import NativeEngine
from tokenizer_registry.native.plan import SMALL_CHARACTERS, Plan
from tokenizer_registry.vocabulary import (
    NOT_FOR_TEXTS,
    GuardedVocabulary,
    Owner,
    Vocabulary,
    gave_up,
    guarded,
    refuse_surrogates,
)

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
