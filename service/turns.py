"""A queue in which owners take turns, however much each of them has waiting."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Items of owners: each `take` gives the oldest item of the owner whose turn it is.

    An owner without items has no turn; with its next item it is the last in the round.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()

    def waiting(self, owner: str) -> int:
        """Return how many items of an owner wait."""
        return len(self._waiting.get(owner, ()))

    def add(self, owner: str, item: Item) -> None:
        """Put an item behind the others of its owner."""
        self._waiting.setdefault(owner, deque()).append(item)

    def take(self) -> Item | None:
        """Return the next item, or None if none waits."""
        if not self._waiting:
            return None
        owner, items = self._waiting.popitem(last=False)
        item = items.popleft()
        if items:
            self._waiting[owner] = items
        return item

    def remove(self, owner: str, item: Item) -> None:
        """Remove an item that waits. Raise KeyError or ValueError for any other."""
        items = self._waiting[owner]
        items.remove(item)
        if not items:
            del self._waiting[owner]
