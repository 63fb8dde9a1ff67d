"""An engine for almost all texts, and the owner's library for those with characters that the two know differently."""

import re
from collections.abc import Callable, Sequence
from threading import Lock

from tokenizer_registry.vocabulary import Engine


class RoutedEngine:
    """Counts with `fast`; a text with one of the characters `unlike` goes to the reference, which is then loaded.

    `unlike` is what may stand in the brackets of a regular expression. Most are characters that are new in Unicode.
    """

    __slots__ = ("_fast", "_find", "_load", "_lock", "_reference")

    def __init__(self, fast: Engine, unlike: str, load_reference: Callable[[], Engine]) -> None:
        self._fast = fast
        self._find = re.compile(f"[{unlike}]").search
        self._load = load_reference
        self._lock = Lock()
        self._reference: Engine | None = None

    def count(self, text: str) -> int:
        return self._engine(text).count(text)

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        return list(map(self.count, texts))

    def encode(self, text: str) -> list[int]:
        return self._engine(text).encode(text)

    def is_ready(self, text: str) -> bool:
        """Whether counting this text would load nothing."""
        return self._reference is not None or self._find(text) is None

    def _engine(self, text: str) -> Engine:
        if self._find(text) is None:
            return self._fast
        with self._lock:
            if self._reference is None:
                self._reference = self._load()
            return self._reference
