"""Objects of templates' variables that later requests have too, such as tools, with what was made of them."""

from collections.abc import Callable
from typing import Any


class KeptObject(dict[str, Any]):
    """An object that is not changed. `made` has its marked forms and its JSON."""

    __slots__ = ("made",)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.made: dict[object, Any] = {}


def made_once(value: Any, key: object, make: Callable[[], Any]) -> Any:
    """Return what `make` gives; for a KeptObject, what it gave before under the same key."""
    if type(value) is not KeptObject:
        return make()
    found = value.made.get(key)
    if found is None:
        found = value.made[key] = make()
    return found
