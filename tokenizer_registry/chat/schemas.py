"""JSON Schema as the renderers need it: local references resolved, within bounds."""

from collections.abc import Mapping
from typing import Any, Final

from tokenizer_registry.chat.reference_sizes import (
    DEFINITIONS,
    MAX_EXPANDED_DEPTH,
    ReferenceBudget,
    UncountableSchema,
    target_of,
)
from tokenizer_registry.chat.request import JsonObject

# Made once: an expression of a union makes a new object at each use.
_CONTAINERS: Final = (dict, list)


class SchemaReader:
    """Writes out the references of one schema. `root` has the definitions."""

    __slots__ = ("_open", "_root")

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._open: list[str] = []

    def expand(self, schema: Any, depth: int = 0) -> Any:
        """Return a schema with all local references written out. Raise UncountableSchema."""
        if isinstance(schema, list):
            return [self.expand(each, depth + 1) for each in schema]
        if not isinstance(schema, dict):
            return schema
        self._check(depth)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(reference, schema, depth)
        return {key: self._keyword(key, each, depth) for key, each in schema.items() if key not in DEFINITIONS}

    def _keyword(self, key: str, value: Any, depth: int) -> Any:
        if key == "properties" and isinstance(value, dict):
            return {name: self.expand(each, depth + 2) for name, each in value.items()}
        return self.expand(value, depth + 1)

    def _check(self, depth: int) -> None:
        if self._open and depth > MAX_EXPANDED_DEPTH:
            raise UncountableSchema(f"a schema whose references go at most {MAX_EXPANDED_DEPTH} levels deep")

    def _referred(self, reference: str, schema: JsonObject, depth: int) -> Any:
        if reference in self._open:
            raise UncountableSchema(f"a schema without the recursive {reference}")
        self._open.append(reference)
        found = self.expand(target_of(self._root, reference), depth + 1)
        self._open.pop()
        beside = {key: self.expand(each, depth + 1) for key, each in schema.items() if key != "$ref"}
        return {**found, **beside} if isinstance(found, dict) else beside


def expanded(schema: JsonObject) -> JsonObject:
    """Return a schema with its references written out. Raise UncountableSchema."""
    if not has_references(schema):
        return schema
    ReferenceBudget().spend(schema)
    found: JsonObject = SchemaReader(schema).expand(schema)
    return found


def has_references(schema: Any) -> bool:
    """Whether a schema has a reference anywhere."""
    left = [schema]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                return True
            left += [inner for inner in value.values() if isinstance(inner, _CONTAINERS)]
        elif isinstance(value, list):
            left += [inner for inner in value if isinstance(inner, _CONTAINERS)]
    return False


def properties_of(schema: JsonObject) -> Mapping[str, Any]:
    """Return the properties of an object's schema; none where they are no object."""
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def required_of(schema: JsonObject) -> frozenset[str]:
    """Return the names of the properties that have to be there."""
    found = schema.get("required")
    return frozenset(name for name in found if isinstance(name, str)) if isinstance(found, list) else frozenset()


def without_keys(schema: Any, keys: frozenset[str]) -> Any:
    """Return a schema without some keywords at any level; properties of these names stay."""
    if isinstance(schema, list):
        return [without_keys(each, keys) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: without_keys(inner, keys) for name, inner in each.items()}
        if key == "properties" and isinstance(each, dict)
        else without_keys(each, keys)
        for key, each in schema.items()
        if key not in keys
    }
