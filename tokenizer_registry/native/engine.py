"""A vocabulary in the C library, and what counts the words that it leaves to others."""

from collections.abc import Sequence
from typing import Final

from tokenizer_registry.native.forms import OwnForm, own_form
from tokenizer_registry.native.packing import form_of, own_form_of
from tokenizer_registry.native.plan import Mapped, Plan, Word
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.vocabulary import Owner

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
