"""Checked reading of a request: each value with its place, so that a fault can name it."""

from collections.abc import Iterator
from typing import Any, Final

from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.json_levels import CONTAINERS, levels

# Providers refuse schemas that are far less deep; below this all reading and rendering may recurse.
MAX_DEPTH: Final = 100


class Field:
    """A value in a request. Its path is put together only when it is asked for."""

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: "Field | None" = None, key: str | int = "") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    @property
    def path(self) -> str:
        """The place in the request, such as `messages[2].content`."""
        keys: list[str] = []
        field: Field | None = self
        while field is not None and field._parent is not None:
            keys.append(f"[{field._key}]" if isinstance(field._key, int) else f".{field._key}")
            field = field._parent
        return "".join(reversed(keys)).removeprefix(".")

    def fault(self, fault: str) -> BadChatRequest:
        """Return the error to raise for this value."""
        return BadChatRequest(self.path, fault)

    def has(self, *names: str) -> bool:
        """Whether an object has one of these properties, and it is not null."""
        values = self.mapping()
        return any(values.get(name) is not None for name in names)

    def get(self, *names: str) -> "Field":
        """Return the first of these properties that is there and not null; a null one if none is."""
        values = self.value
        if not isinstance(values, dict):
            values = self.mapping()
        for name in names:
            value = values.get(name)
            if value is not None:
                return Field(value, self, name)
        return Field(None, self, names[0])

    def need(self, *names: str) -> "Field":
        """Return a property that has to be there. Raise BadChatRequest."""
        found = self.get(*names)
        if found.value is None:
            raise found.fault("is missing")
        return found

    def items(self) -> "Iterator[Field]":
        """Return the values of an array; none if it is null. Raise BadChatRequest."""
        for place, value in enumerate(self.array()):
            yield Field(value, self, place)

    def array(self) -> list[Any]:
        """Return an array, an empty one if it is null. Raise BadChatRequest."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.fault("must be an array")
        return self.value

    def copied(self, value: Any) -> "Field":
        """Return a copy of the value at the same place."""
        return Field(value, self._parent, self._key)

    def filled(self) -> "Field":
        """Return this value. Raise BadChatRequest if it is an array without a value."""
        if self.value == []:
            raise self.fault("must have at least one item")
        return self

    def mapping(self) -> dict[str, Any]:
        """Return an object. Raise BadChatRequest."""
        if not isinstance(self.value, dict):
            raise self.fault("must be an object")
        return self.value

    def optional_mapping(self) -> dict[str, Any] | None:
        """Return an object, or None if it is null. Raise BadChatRequest."""
        return None if self.value is None else self.mapping()

    def text(self) -> str:
        """Return a string. Raise BadChatRequest."""
        if not isinstance(self.value, str):
            raise self.fault("must be a string")
        return self.value

    def optional_text(self) -> str | None:
        """Return a string, or None if it is null. Raise BadChatRequest."""
        return None if self.value is None else self.text()

    def optional_whole(self, largest: int) -> int | None:
        """Return a whole number from 0, or None if it is null. Raise BadChatRequest."""
        if self.value is None:
            return None
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= largest:
            raise self.fault(f"must be a whole number from 0 to {largest}")
        return self.value

    def optional_positive(self, largest: float) -> float | None:
        """Return a number above 0, or None if it is null. Raise BadChatRequest."""
        if self.value is None:
            return None
        if not isinstance(self.value, int | float) or isinstance(self.value, bool) or not 0 < self.value <= largest:
            raise self.fault(f"must be a number above 0, at most {largest}")
        return float(self.value)


def check_depth(body: Any, most: int = MAX_DEPTH) -> None:
    """Raise BadChatRequest for a value that is nested deeper than `most` levels of a body that may have MAX_DEPTH."""
    if not isinstance(body, CONTAINERS):
        return
    for depth, (_, _, inner) in enumerate(levels(body), 1):
        if inner and depth == most:
            raise BadChatRequest("", f"is nested deeper than {MAX_DEPTH} levels")


def containers(value: dict[str, Any] | list[Any]) -> int:
    """Return how many objects and arrays are in a value."""
    return sum(len(inner) for _, _, inner in levels(value))
