"""A vocabulary in the C library, and what counts the words that it leaves to others."""

from collections.abc import Callable, Sequence
from typing import Final

from tokenizer_registry.native.packing import form_of
from tokenizer_registry.native.plan import Mapped, Plan, Word
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.vocabulary import Owner

# The forms that are not the owner's secret; text in another one only the owner's library makes.
FORMS: Final = frozenset({"NFC", "NFKC"})


class NativeEngine:
    """Counts with a column of a plan.

    The C library leaves words alone that a normalizer might change. Where it is a form of Unicode, they are
    normalized here and counted all the same; others are the owner's library's.
    """

    __slots__ = ("_bit", "_needs_owner", "_normalize", "_owner", "column", "plan")

    def __init__(self, plan: Plan, packed: Mapped, owner: Owner, *, has_words: bool) -> None:
        form = form_of(packed.content)
        self.plan = plan
        self._owner = owner
        self._needs_owner = form is not None and form not in FORMS
        self._normalize: Callable[[str], str] | None = normalizer(form) if form in FORMS and form is not None else None
        resolve = self._by_normalizing if self._normalize else self._by_owner
        self.column = plan.add(packed, has_words=has_words, resolve=resolve)
        self._bit = 1 << self.column

    def count(self, text: str) -> int:
        """The number of tokens."""
        return self.plan.count(text, self._bit)[self.column]

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        return list(map(self.count, texts))

    @property
    def is_ready(self) -> bool:
        """Whether counting any text would load nothing."""
        return not self._needs_owner or self._owner.is_loaded

    def _by_owner(self, words: Sequence[Word]) -> list[int]:
        # The space that a word was cut at is put in front of it by the owner's normalizer, or does not count.
        return self._owner.engine.count_batch([word.text if word.opens else word.text[1:] for word in words])

    def _by_normalizing(self, words: Sequence[Word]) -> list[int]:
        normalize, plan, bit = self._normalize, self.plan, self._bit
        if normalize is None:
            raise TypeError("only a form of Unicode is made here")
        return [plan.count(normalize(word.text), bit, bit)[self.column] for word in words]
