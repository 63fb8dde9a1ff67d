"""Properties of a usage object, checked, and the counts that a reader makes of them."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.usage import MAX_TOKENS, Usage

Properties = Mapping[str, Any]
NOTHING: Properties = {}


class PropertyNames:
    """The properties of one object of a dialect: those that a reader uses, and those that change no cost, with why."""

    def __init__(self, used: Iterable[str], ignored: Mapping[str, str] | None = None) -> None:
        self.used = frozenset(used)
        self.ignored: Mapping[str, str] = ignored or {}
        self.every = self.used.union(self.ignored)

    def more(self, used: Iterable[str] = (), ignored: Mapping[str, str] | None = None) -> "PropertyNames":
        """Return the names with more of them."""
        return PropertyNames(self.used.union(used), {**self.ignored, **(ignored or {})})


def count_at(properties: Properties, name: str, path: str = "usage") -> int:
    """Return a count, 0 if there is none. Raise BadUsage unless it is a whole number from 0 to 10^9."""
    value = properties.get(name)
    if type(value) is int and 0 <= value <= MAX_TOKENS:
        return value
    return 0 if value is None else _checked(value, f"{path}.{name}")


def required_count(properties: Properties, name: str, path: str = "usage") -> int:
    """Return a count that has to be there. Raise BadUsage."""
    value = properties.get(name)
    if type(value) is int and 0 <= value <= MAX_TOKENS:
        return value
    if name not in properties:
        raise BadUsage(f"{path}.{name}", "this property is missing")
    return _checked(value, f"{path}.{name}")


def object_at(properties: Properties, name: str, path: str = "usage") -> Properties:
    """Return an object among the properties, an empty one if there is none. Raise BadUsage."""
    value = properties.get(name)
    if type(value) is dict:
        return value
    if value is None:
        return NOTHING
    if isinstance(value, Mapping):
        return value
    raise BadUsage(f"{path}.{name}", f"must be an object, not {shown(value)}")


def objects_at(properties: Properties, name: str, path: str = "usage") -> list[Properties]:
    """Return a list of objects among the properties, an empty one if there is none. Raise BadUsage."""
    value = properties.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise BadUsage(f"{path}.{name}", f"must be a list of objects, not {shown(value)}")
    return value


def ignored_properties(
    properties: Properties, names: PropertyNames, path: str = "usage", *, owner: str = ""
) -> tuple[str, ...]:
    """Return the paths of properties that say something and change no cost. Raise UnpricedProperty for unknown ones.

    A property that says nothing (zero, null, empty) changes nothing, whether it is known or not. `owner` is whose
    usage this is, for the sentence.
    """
    if names.used.issuperset(properties):
        return ()
    ignored = []
    for name, value in properties.items():
        if name in names.used or not value or is_nothing(value):
            continue
        if name not in names.ignored:
            whose = f" of {owner}" if owner else ""
            raise UnpricedProperty(f"{path}.{shown(name)[1:-1]}", f"{shown(value)} is not a known property{whose}")
        ignored.append(f"{path}.{name}")
    return tuple(ignored)


def is_nothing(value: Any) -> bool:
    """Return whether a value says nothing: null, zero, false, empty, or an object of such values."""
    if isinstance(value, Mapping):
        return all(map(is_nothing, value.values()))
    return not value


def raise_not_a_sum(path: str, *parts: tuple[str, int], whole: tuple[str, int]) -> NoReturn:
    """Raise BadUsage: parts are more than the whole that they are in, or are not its sum."""
    named = " and ".join(f"{name} {value}" for name, value in parts)
    raise BadUsage(path, f"{named} do not add up with {whole[0]} {whole[1]}")


def _checked(value: Any, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or value < 0:
        raise BadUsage(path, f"must be a whole number, 0 or more, not {shown(value)}")
    if value > MAX_TOKENS:
        raise BadUsage(path, f"must be at most {MAX_TOKENS:,}, not {shown(value)}")
    return value


class UsageCounts(NamedTuple):
    """The counts of a usage object, and the terms that it states itself.

    `ignored` are the paths of properties that change no cost. `service` and `region` are as the provider names
    them, None if the usage says nothing of them. `apart` are rates, each with the property that asks for it, without
    which there is no cost: they must not be charged as anything else. `provider` is who counts so, where that is
    stated or plain to see.
    """

    usage: Usage
    ignored: tuple[str, ...] = ()
    service: str | None = None
    region: str | None = None
    apart: tuple[tuple[str, str], ...] = ()
    provider: str | None = None
