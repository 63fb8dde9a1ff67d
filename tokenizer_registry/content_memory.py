"""A bounded memory of what was made of a content, such as a count or a rendering."""

from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Any, Final, Generic, TypeVar

# The largest part of a memory that one value may take.
MAX_SHARE: Final = 64
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class KeptList(list[Any]):
    """A list of JSON values that must not be changed, with what was made of it."""

    __slots__ = ("made",)

    def __init__(self, values: Iterable[Any]) -> None:
        super().__init__(values)
        self.made: dict[object, Any] = {}


class ContentMemory(Generic[Key, Value]):
    """Keeps values up to a sum of weights; the one that was not asked for the longest goes first.

    Safe to use from many threads.
    """

    __slots__ = ("_kept", "_lock", "_max_weight", "_weight")

    def __init__(self, max_weight: int) -> None:
        self._max_weight: Final = max_weight
        self._weight = 0
        self._kept: dict[Key, tuple[Value, int]] = {}
        self._lock = Lock()

    def takes(self, weight: int) -> bool:
        """Return whether a value of this weight is kept; one that would drive out many others is not."""
        return weight * MAX_SHARE <= self._max_weight

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, None if it is not kept."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                return None
            self._kept[key] = found
            return found[0]

    def keep(self, key: Key, value: Value, weight: int) -> None:
        """Keep a value, if it is not too large."""
        if not self.takes(weight):
            return
        with self._lock:
            before = self._kept.pop(key, None)
            self._weight += weight - (before[1] if before is not None else 0)
            self._kept[key] = value, weight
            while self._weight > self._max_weight:
                self._weight -= self._kept.pop(next(iter(self._kept)))[1]
