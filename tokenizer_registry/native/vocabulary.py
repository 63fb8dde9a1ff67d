"""Vocabularies of the C library, and counting one text for many of them in one call."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from tokenizer_registry.native.engine import NativeEngine
from tokenizer_registry.native.plan import Plan
from tokenizer_registry.vocabulary import GuardedVocabulary, Owner, Vocabulary, guarded, refuse_surrogates

Answer = TypeVar("Answer")


class NativeVocabulary(GuardedVocabulary):
    """A vocabulary that is counted together with others of its plan."""

    __slots__ = ("engine",)

    def __init__(self, name: str, engine: NativeEngine, owner: Owner) -> None:
        super().__init__(name, engine, owner)
        self.engine = engine

    @property
    def is_ready(self) -> bool:
        return self.engine.is_ready

    def count(self, text: str) -> int:
        return guarded(self._name, lambda given: _encodable(self.engine.count, given), text)


class Together:
    """Some vocabularies, to count one text after the other for all of them."""

    __slots__ = ("_bits", "_engines", "_others", "_plan")

    def __init__(self, vocabularies: Mapping[str, Vocabulary]) -> None:
        native = {name: found for name, found in vocabularies.items() if isinstance(found, NativeVocabulary)}
        plans = {found.engine.plan for found in native.values()}
        self._plan: Plan | None = plans.pop() if len(plans) == 1 else None
        self._engines = {name: found.engine for name, found in native.items()} if self._plan else {}
        self._bits = sum(engine.bit for engine in self._engines.values())
        self._others = {name: found for name, found in vocabularies.items() if name not in self._engines}

    def count(self, text: str) -> dict[str, int]:
        """The number of tokens for each vocabulary, by its name. Raises UncountableText."""
        found = {name: other.count(text) for name, other in self._others.items()}
        if self._plan is None:
            return found
        plan, bits = self._plan, self._bits
        names = ", ".join(self._engines)
        totals = guarded(names, lambda given: _encodable(lambda text: plan.count(text, bits), given), text)
        return found | {name: engine.total_of(totals) for name, engine in self._engines.items()}


def _encodable(count: Callable[[str], Answer], text: str) -> Answer:
    """The count, and a lone surrogate told by its place; the text is not looked through for one beforehand."""
    try:
        return count(text)
    except UnicodeEncodeError:
        refuse_surrogates(text)
        raise
