"""Rules for the properties of a chat request. Each rule can say in words what it requires, for refusals."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeGuard

from service.http.json import shorten

# Deeper than any JSON schema in use, and far from the recursion limit of the JSON decoder.
MAX_DEPTH = 64


class InvalidProperty(Exception):
    """A property is invalid. The message is for the caller; the parsers of requests and answers catch it."""


class PropertyRule(NamedTuple):
    """What a value must be, as a test and in words.

    `explain` raises InvalidProperty for the innermost invalid value, if the rule looks into lists or objects.
    """

    holds: Callable[[Any], bool]
    words: str
    explain: Callable[[str, Any], None] = lambda name, value: None

    def check(self, name: str, value: Any) -> Any:
        """Return the value unchanged. Raise InvalidProperty, which names the innermost invalid value."""
        if not self.holds(value):
            self.explain(name, value)
            raise InvalidProperty(f"{name}: must be {self.words}, not {shorten(value)}.")
        return value


def is_integer(value: Any) -> TypeGuard[int]:
    """Return whether a JSON value is an integer; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer(low: int, high: int | None = None) -> PropertyRule:
    """Require an integer from `low` to `high`, both included."""
    words = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
    return PropertyRule(lambda value: is_integer(value) and low <= value and (high is None or value <= high), words)


def number(low: int, high: int) -> PropertyRule:
    """Require an integer or a float from `low` to `high`, both included."""
    return PropertyRule(
        lambda value: (is_integer(value) or isinstance(value, float)) and low <= value <= high,
        f"a number from {low} to {high}",
    )


def text(max_characters: int) -> PropertyRule:
    """Require a string of at most `max_characters`."""
    return PropertyRule(
        lambda value: isinstance(value, str) and len(value) <= max_characters,
        f"a string of at most {max_characters} characters",
    )


def one_of(words: Collection[str]) -> PropertyRule:
    """Require one of these strings."""
    return PropertyRule(
        lambda value: isinstance(value, str) and value in words, " or ".join(f'"{word}"' for word in words)
    )


def _explain_depth(name: str, value: Any) -> None:
    if isinstance(value, dict):
        raise InvalidProperty(f"{name}: is nested more than {MAX_DEPTH} levels deep.")


BOOLEAN = PropertyRule(lambda value: isinstance(value, bool), "true or false")
STRING = PropertyRule(lambda value: isinstance(value, str), "a string")
OBJECT = PropertyRule(lambda value: isinstance(value, dict) and not is_too_deep(value), "an object", _explain_depth)
ANYTHING = PropertyRule(lambda value: not is_too_deep(value), f"nested at most {MAX_DEPTH} levels deep")


def list_of(rule: PropertyRule, low: int, high: int) -> PropertyRule:
    """Require a list of `low` to `high` values that each satisfy the rule."""

    def explain(name: str, value: Any) -> None:
        if isinstance(value, list):
            for place, item in enumerate(value[: high + 1]):
                rule.check(f"{name}[{place}]", item)
            raise InvalidProperty(f"{name}: must have {low} to {high} items, not {len(value)}.")

    return PropertyRule(
        lambda value: isinstance(value, list) and low <= len(value) <= high and all(map(rule.holds, value)),
        f"a list of {low} to {high}, each {rule.words}",
        explain,
    )


def either(*rules: PropertyRule) -> PropertyRule:
    """Require a value that satisfies at least one of the rules."""

    def explain(name: str, value: Any) -> None:
        for rule in rules:
            rule.explain(name, value)

    return PropertyRule(
        lambda value: any(rule.holds(value) for rule in rules), ", or ".join(rule.words for rule in rules), explain
    )


def is_too_deep(value: object) -> bool:
    """Return whether lists and objects are nested more than MAX_DEPTH levels deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for one in level for item in _items(one)]
        if not level:
            return False
    return True


def _items(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
