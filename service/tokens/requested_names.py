"""The names of models in one count: what each stands for, and which of them are unknown."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from corpus_cost.model_names import CountedName, ModelNames, UnknownNames

# Lists of names that are kept with their models.
MAX_LISTS = 64

ItemT = TypeVar("ItemT")


class RequestedNames:
    """The names of a list in their order, of which not all are names of the catalogue.

    `found` has None for an unknown name, and `unknown` the reason. `models` are those of the known names, one for each.
    Two lists are equal only if they are the same object, so that entries can be cached by them.
    """

    __slots__ = ("found", "models", "names", "unknown")

    def __init__(
        self, names: tuple[str, ...], found: tuple[CountedName | None, ...], unknown: Mapping[str, str]
    ) -> None:
        self.names = names
        self.found = found
        self.unknown = unknown
        self.models = tuple(each.model for each in found if each is not None)

    def aligned(self, items: Sequence[ItemT], missing: ItemT) -> list[ItemT]:
        """Return one item for each name from those of the known names, `missing` for unknown ones."""
        left = iter(items)
        return [missing if each is None else next(left) for each in self.found]


class NameLists:
    """Resolves lists of names. The lists asked for last are cached, unless they have unknown names."""

    def __init__(self, names: ModelNames) -> None:
        self.names = names
        self._known: dict[tuple[str, ...], RequestedNames] = {}

    def find(self, names: tuple[str, ...]) -> RequestedNames:
        """Return what the names of a list stand for."""
        known = self._known.get(names)
        if known is not None:
            return known
        distinct = {name: self.names.counted(name) for name in dict.fromkeys(names)}
        sentences = UnknownNames(self.names.registry.names)
        unknown = {name: sentences.sentence(name) for name, found in distinct.items() if found is None}
        requested = RequestedNames(names, tuple(map(distinct.__getitem__, names)), unknown)
        if not unknown:
            if len(self._known) >= MAX_LISTS:
                self._known.clear()
            self._known[names] = requested
        return requested
