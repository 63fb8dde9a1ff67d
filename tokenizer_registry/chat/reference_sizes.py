"""What the references of schemas write out, found without writing it: a few of them can stand for gigabytes."""

from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.request import JsonObject

# What the references of all tools of a request may write out together: objects, and characters of names and strings.
MAX_EXPANDED_VALUES: Final = 20_000
MAX_EXPANDED_CHARACTERS: Final = 1_000_000
MAX_EXPANDED_DEPTH: Final = 100
DEFINITIONS: Final = frozenset({"$defs", "definitions"})


class UncountableSchema(Exception):
    """A schema that cannot be written out: `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WrittenOut(NamedTuple):
    """What a schema, or its references alone, write out."""

    values: int = 0
    characters: int = 0

    def plus(self, other: "WrittenOut") -> "WrittenOut":
        """Return the sum of both."""
        return WrittenOut(self.values + other.values, self.characters + other.characters)


_NOTHING: Final = WrittenOut()


class ReferenceBudget:
    """What the references of one request have written out so far."""

    __slots__ = ("_written",)

    def __init__(self) -> None:
        self._written = _NOTHING

    def spend(self, schema: JsonObject) -> WrittenOut:
        """Return what the references of a schema write out. Raise UncountableSchema if all together write too much."""
        found = _Sizes(schema).referred(schema, 0)
        self._written = self._written.plus(found)
        for most, amount, unit in zip(
            (MAX_EXPANDED_VALUES, MAX_EXPANDED_CHARACTERS), self._written, ("values", "characters"), strict=True
        ):
            if amount > most:
                raise UncountableSchema(f"schemas whose references write out at most {most} {unit}")
        return found


class _Sizes:
    """Sizes of the definitions of one schema, each looked at once. Recursive ones are left to who writes them out."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._known: dict[str, WrittenOut] = {}

    def referred(self, value: Any, depth: int, *, is_inside: bool = False) -> WrittenOut:
        """Return what the references in a value write out; with `is_inside` the value itself too."""
        if depth > MAX_EXPANDED_DEPTH:
            raise UncountableSchema(f"a schema whose references go at most {MAX_EXPANDED_DEPTH} levels deep")
        if isinstance(value, list):
            found = WrittenOut()
            for each in value:
                found = found.plus(self.referred(each, depth + 1, is_inside=is_inside))
            return found
        if not isinstance(value, dict):
            return WrittenOut(0, len(value)) if is_inside and isinstance(value, str) else WrittenOut()
        own = WrittenOut(1, sum(map(len, value))) if is_inside else WrittenOut()
        reference = value.get("$ref")
        if isinstance(reference, str):
            # What it stands for takes its place.
            own = self._target(reference, depth)
            value = {key: each for key, each in value.items() if key != "$ref"}
        for key, each in value.items():
            if key == "properties" and isinstance(each, dict):
                own = own.plus(WrittenOut(0, sum(map(len, each))) if is_inside else WrittenOut())
                for inner in each.values():
                    own = own.plus(self.referred(inner, depth + 2, is_inside=is_inside))
            elif key not in DEFINITIONS:
                own = own.plus(self.referred(each, depth + 1, is_inside=is_inside))
        return own

    def _target(self, reference: str, depth: int) -> WrittenOut:
        if reference not in self._known:
            self._known[reference] = WrittenOut()
            found = target_of(self._root, reference)
            self._known[reference] = self.referred(found, depth + 1, is_inside=True)
        return self._known[reference]


def target_of(root: JsonObject, reference: str) -> Any:
    """Return what a local reference stands for. Raise UncountableSchema."""
    if not reference.startswith("#"):
        raise UncountableSchema(f"the schema at {reference}")
    found: Any = root
    for key in reference[1:].split("/")[1:]:
        name = key.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            raise UncountableSchema(f"the definition {reference}")
        found = found[name]
    return found
