"""An engine for almost all texts, and the owner's library for those that it would count otherwise or slowly."""

import re
from collections.abc import Sequence
from typing import Final

from tokenizer_registry.vocabulary import Engine, Owner

ASCII: Final = "".join(map(chr, range(128)))


class RoutedEngine:
    """Counts with `fast`; some texts go to the reference, which is then loaded.

    They are those with one of the characters `unlike`, which is what may stand in the brackets of a regular expression;
    most are new in Unicode. And those with a run of more than `longest_run` spaces, tabs or line feeds, where that is
    given: the engine takes the square of the time for them.
    """

    __slots__ = ("_fast", "_find", "_finds_ascii", "_owner", "_runs")

    def __init__(self, fast: Engine, unlike: str | None, longest_run: int | None, owner: Owner) -> None:
        self._fast = fast
        self._find = re.compile(f"[{unlike}]" if unlike else r"\Z.").search
        self._finds_ascii = self._find(ASCII) is not None
        self._runs = tuple(white * (longest_run + 1) for white in " \t\n") if longest_run else ()
        self._owner = owner

    def count(self, text: str) -> int:
        return self._engine(text).count(text)

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        unlike = [text for text in texts if self._is_unlike(text)]
        if not unlike:
            return self._fast.count_batch(texts)
        routed = iter(self._engine(unlike[0]).count_batch(unlike))
        return [next(routed) if self._is_unlike(text) else self._fast.count(text) for text in texts]

    def encode(self, text: str) -> list[int]:
        return self._engine(text).encode(text)

    def is_ready(self, text: str) -> bool:
        """Whether counting this text would load nothing."""
        return self._owner.is_loaded or not self._is_unlike(text)

    def _is_unlike(self, text: str) -> bool:
        if (self._finds_ascii or not text.isascii()) and self._find(text) is not None:
            return True
        return any(run in text for run in self._runs)

    def _engine(self, text: str) -> Engine:
        return self._owner.engine if self._is_unlike(text) else self._fast
