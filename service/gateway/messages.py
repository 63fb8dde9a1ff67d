"""Rules for the properties of chat requests, and the messages that requests and answers hold.

Each rule can say in words what it requires, for refusals.
"""

import json
import unicodedata
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


# Only the operator of the gateway may speak as the system.
DROPPED_ROLES = ("system", "developer")
ROLES = ("user", "assistant", "tool", "function")
ROLE_PROPERTIES = {
    "user": ("role", "content", "name"),
    "tool": ("role", "content", "tool_call_id", "name"),
    "function": ("role", "content", "name"),
}
REQUIRED_BY_ROLE = {"user": "content", "tool": "tool_call_id", "function": "name"}
# The properties, beside content and calls, whose text the model reads.
TEXT_PROPERTIES = ("name", "refusal", "tool_call_id", "reasoning_content")
CALL_PROPERTIES = ("tool_calls", "function_call")
# The types of content parts that have text, and the property with the text.
PART_TEXTS = {"text": "text", "refusal": "refusal"}


class Messages(NamedTuple):
    """The messages that are forwarded, and the number of callers' system messages that are not."""

    kept: tuple[dict[str, Any], ...]
    dropped: int


def parse_messages(given: Any, *, with_reasoning: bool = False) -> Messages:
    """Return the messages that are forwarded. Raise InvalidProperty."""
    if not isinstance(given, list) or not given:
        raise InvalidProperty(f"messages: must be a list of at least one message, not {_describe(given)}.")
    parsed = [_parse_message(f"messages[{number}]", raw, with_reasoning) for number, raw in enumerate(given)]
    kept = tuple(message for message in parsed if message is not None)
    if not kept:
        raise InvalidProperty("messages: none is left, because system and developer messages are not forwarded.")
    return Messages(kept, len(parsed) - len(kept))


def texts_of(message: dict[str, Any]) -> list[str]:
    """Return all texts in a parsed message that the model reads."""
    texts = [message[name] for name in TEXT_PROPERTIES if name in message]
    content = message.get("content")
    if isinstance(content, str):
        texts.append(content)
    elif content:
        texts += [part[PART_TEXTS[part["type"]]] for part in content]
    return texts + [json.dumps(message[name], ensure_ascii=False) for name in CALL_PROPERTIES if name in message]


def normalize_assistant_message(place: str, given: dict[str, Any], *, with_reasoning: bool) -> dict[str, Any]:
    """Return an assistant message as it is forwarded. Raise InvalidProperty for a kept property of a wrong type."""
    kept: dict[str, Any] = {"role": "assistant"}
    for name in ("name", "refusal", *(("reasoning_content",) if with_reasoning else ())):
        if given.get(name) is not None:
            kept[name] = STRING.check(f"{place}.{name}", given[name])
    calls = _parse_tool_calls(f"{place}.tool_calls", given.get("tool_calls"))
    if calls:
        kept["tool_calls"] = calls
    if given.get("function_call"):
        kept["function_call"] = _parse_function(f"{place}.function_call", given["function_call"])
    # An empty text instead of none: some servers require the property, and some a string.
    kept["content"] = _parse_assistant_content(f"{place}.content", given.get("content")) or ""
    return kept


def _parse_message(place: str, raw: Any, with_reasoning: bool) -> dict[str, Any] | None:
    """Return the message, or None for a system message."""
    if not isinstance(raw, dict):
        raise InvalidProperty(f"{place}: must be an object, not {shorten(raw)}.")
    role = STRING.check(f"{place}.role", raw.get("role"))
    if unicodedata.normalize("NFKC", role).strip().casefold() in DROPPED_ROLES:
        return None
    if role not in ROLES:
        raise InvalidProperty(f"{place}.role: {shorten(role)} is not known; roles are {', '.join(ROLES)}.")
    if role == "assistant":
        return normalize_assistant_message(place, raw, with_reasoning=with_reasoning)
    return _check_properties(place, role, {name: value for name, value in raw.items() if value is not None})


def _check_properties(place: str, role: str, given: dict[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in ROLE_PROPERTIES[role]:
            raise InvalidProperty(f"{place}: {shorten(name)} is not a property of a message with the role {role}.")
    for name in ("name", "tool_call_id"):
        if name in given:
            STRING.check(f"{place}.{name}", given[name])
    if REQUIRED_BY_ROLE[role] not in given:
        raise InvalidProperty(f"{place}.{REQUIRED_BY_ROLE[role]}: this property is missing.")
    given["content"] = _parse_content(f"{place}.content", given.get("content"), may_be_empty=role != "user")
    return given


def _parse_content(place: str, content: Any, *, may_be_empty: bool) -> Any:
    """Return the content of a message that is not an assistant's. The result of a tool may be empty."""
    if isinstance(content, str):
        return content
    if not content and content in (None, []) and may_be_empty:
        return ""
    if not isinstance(content, list) or not content:
        raise InvalidProperty(f"{place}: must be a string or a list of parts, not {_describe(content)}.")
    return [_parse_part(f"{place}[{number}]", part) for number, part in enumerate(content)]


def _parse_part(place: str, part: Any) -> dict[str, str]:
    if not isinstance(part, dict):
        raise InvalidProperty(f"{place}: must be an object, not {shorten(part)}.")
    kind = part.get("type")
    if kind != "text":
        raise InvalidProperty(
            f"{place}.type: {shorten(kind)} is not accepted: only text can be metered before it is sent."
        )
    return {"type": "text", "text": STRING.check(f"{place}.text", part.get("text"))}


def _parse_assistant_content(place: str, content: Any) -> str | list[dict[str, str]]:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise InvalidProperty(f"{place}: must be a string or a list of parts, not {shorten(content)}.")
    parts = [_parse_assistant_part(f"{place}[{number}]", part) for number, part in enumerate(content)]
    return [part for part in parts if part]


def _parse_assistant_part(place: str, part: Any) -> dict[str, str]:
    """Return a part with text, or an empty object for a part of another type, such as a thinking part."""
    kind = OBJECT.check(place, part).get("type")
    name = PART_TEXTS.get(kind) if isinstance(kind, str) else None
    return {"type": kind, name: STRING.check(f"{place}.{name}", part.get(name))} if name else {}


def _parse_tool_calls(place: str, calls: Any) -> list[dict[str, Any]]:
    if calls is None:
        return []
    if not isinstance(calls, list):
        raise InvalidProperty(f"{place}: must be a list of tool calls, not {shorten(calls)}.")
    parsed = [_parse_tool_call(f"{place}[{number}]", number, call) for number, call in enumerate(calls)]
    return [call for call in parsed if call]


def _parse_tool_call(place: str, number: int, call: Any) -> dict[str, Any]:
    """Return a call of a function, or an empty object for a call of another type."""
    if OBJECT.check(place, call).get("type") not in (None, "", "function"):
        return {}
    call_id = call.get("id")
    return {
        "id": f"call_{number}" if call_id is None else STRING.check(f"{place}.id", call_id),
        "type": "function",
        "function": _parse_function(f"{place}.function", call.get("function")),
    }


def _parse_function(place: str, called: Any) -> dict[str, str]:
    function = OBJECT.check(place, called)
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # some servers write an object instead of a string of JSON
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {
        "name": STRING.check(f"{place}.name", function.get("name")),
        "arguments": STRING.check(f"{place}.arguments", "" if arguments is None else arguments),
    }


def _describe(value: Any) -> str:
    return "an empty list" if value == [] else shorten(value)
