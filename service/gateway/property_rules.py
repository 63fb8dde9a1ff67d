"""Rules for the properties of a chat request: each names what it wants, so that a refusal can say it."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeGuard

from service.http.json import shorten

# Deeper than any schema that people write, and far from the parser's own limit.
MAX_DEPTH = 64


class Invalid(Exception):
    """A property is at fault; the message is for the caller. Leaves this package only as a refusal."""


class Rule(NamedTuple):
    """What a value must be, as a test and in words. `explain` raises Invalid with the place of a fault, if it can."""

    holds: Callable[[Any], bool]
    words: str
    explain: Callable[[str, Any], None] = lambda name, value: None

    def checked(self, name: str, value: Any) -> Any:
        """Return the value itself. Raise Invalid, which names the innermost value at fault."""
        if not self.holds(value):
            self.explain(name, value)
            raise Invalid(f"{name}: must be {self.words}, not {shorten(value)}.")
        return value


def is_integer(value: Any) -> TypeGuard[int]:
    """Whether a JSON value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer(low: int, high: int | None = None) -> Rule:
    """A whole number."""
    words = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
    return Rule(lambda value: is_integer(value) and low <= value and (high is None or value <= high), words)


def number(low: int, high: int) -> Rule:
    """A number, whole or not."""
    return Rule(
        lambda value: (is_integer(value) or isinstance(value, float)) and low <= value <= high,
        f"a number from {low} to {high}",
    )


def text(max_characters: int) -> Rule:
    """A string."""
    return Rule(
        lambda value: isinstance(value, str) and len(value) <= max_characters,
        f"a string of at most {max_characters} characters",
    )


def one_of(words: Collection[str]) -> Rule:
    """One of these strings."""
    return Rule(lambda value: isinstance(value, str) and value in words, " or ".join(f'"{word}"' for word in words))


def _explain_depth(name: str, value: Any) -> None:
    if isinstance(value, dict):
        raise Invalid(f"{name}: is nested more than {MAX_DEPTH} levels deep.")


BOOLEAN = Rule(lambda value: isinstance(value, bool), "true or false")
STRING = Rule(lambda value: isinstance(value, str), "a string")
OBJECT = Rule(lambda value: isinstance(value, dict) and not too_deep(value), "an object", _explain_depth)
ANYTHING = Rule(lambda value: not too_deep(value), f"nested at most {MAX_DEPTH} levels deep")


def list_of(rule: Rule, low: int, high: int) -> Rule:
    """A list of so many values of one kind."""

    def explain(name: str, value: Any) -> None:
        if isinstance(value, list):
            for place, item in enumerate(value[: high + 1]):
                rule.checked(f"{name}[{place}]", item)
            raise Invalid(f"{name}: must have {low} to {high} items, not {len(value)}.")

    return Rule(
        lambda value: isinstance(value, list) and low <= len(value) <= high and all(map(rule.holds, value)),
        f"a list of {low} to {high}, each {rule.words}",
        explain,
    )


def either(*rules: Rule) -> Rule:
    """What one of these rules wants."""

    def explain(name: str, value: Any) -> None:
        for rule in rules:
            rule.explain(name, value)

    return Rule(
        lambda value: any(rule.holds(value) for rule in rules), ", or ".join(rule.words for rule in rules), explain
    )


def too_deep(value: object) -> bool:
    """Whether lists and objects are nested more than MAX_DEPTH deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for one in level for item in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
