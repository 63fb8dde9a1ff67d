"""The messages of a chat request: checked, rebuilt from known properties, and cleared of system messages."""

import json
import unicodedata
from typing import Any, NamedTuple

from service.gateway.property_rules import OBJECT, STRING, Invalid
from service.http.json import shorten

PART_TEXTS = {"text": "text", "refusal": "refusal"}


def sent_back(place: str, given: dict[str, Any], *, with_reasoning: bool) -> dict[str, Any]:
    """Return the message as it is forwarded. Raise Invalid for a kept property of another type."""
    kept: dict[str, Any] = {"role": "assistant"}
    for name in ("name", "refusal", *(("reasoning_content",) if with_reasoning else ())):
        if given.get(name) is not None:
            kept[name] = STRING.checked(f"{place}.{name}", given[name])
    calls = _tool_calls(f"{place}.tool_calls", given.get("tool_calls"))
    if calls:
        kept["tool_calls"] = calls
    if given.get("function_call"):
        kept["function_call"] = _function(f"{place}.function_call", given["function_call"])
    # An empty text where there is none: some servers insist on the property, and some on a text.
    kept["content"] = _assistant_content(f"{place}.content", given.get("content")) or ""
    return kept


def _assistant_content(place: str, content: Any) -> str | list[dict[str, str]]:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise Invalid(f"{place}: must be a string or a list of parts, not {shorten(content)}.")
    parts = [_assistant_part(f"{place}[{number}]", part) for number, part in enumerate(content)]
    return [part for part in parts if part]


def _assistant_part(place: str, part: Any) -> dict[str, str]:
    """Return a part of text; an empty object for one of another type, such as a thinking part."""
    kind = OBJECT.checked(place, part).get("type")
    name = PART_TEXTS.get(kind) if isinstance(kind, str) else None
    return {"type": kind, name: STRING.checked(f"{place}.{name}", part.get(name))} if name else {}


def _tool_calls(place: str, calls: Any) -> list[dict[str, Any]]:
    if calls is None:
        return []
    if not isinstance(calls, list):
        raise Invalid(f"{place}: must be a list of tool calls, not {shorten(calls)}.")
    made = [_tool_call(f"{place}[{number}]", number, call) for number, call in enumerate(calls)]
    return [call for call in made if call]


def _tool_call(place: str, number: int, call: Any) -> dict[str, Any]:
    """Return a call of a function; an empty object for a call of another type."""
    if OBJECT.checked(place, call).get("type") not in (None, "", "function"):
        return {}
    call_id = call.get("id")
    return {
        "id": f"call_{number}" if call_id is None else STRING.checked(f"{place}.id", call_id),
        "type": "function",
        "function": _function(f"{place}.function", call.get("function")),
    }


def _function(place: str, called: Any) -> dict[str, str]:
    function = OBJECT.checked(place, called)
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # as some servers write them
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {
        "name": STRING.checked(f"{place}.name", function.get("name")),
        "arguments": STRING.checked(f"{place}.arguments", "" if arguments is None else arguments),
    }


# Whoever runs the gateway speaks as the system; callers do not.
DROPPED_ROLES = ("system", "developer")
ROLES = ("user", "assistant", "tool", "function")
PROPERTIES = {
    "user": ("role", "content", "name"),
    "tool": ("role", "content", "tool_call_id", "name"),
    "function": ("role", "content", "name"),
}
REQUIRED = {"user": "content", "tool": "tool_call_id", "function": "name"}
# What of a message is text for the model, beside its content and its calls.
TEXTS = ("name", "refusal", "tool_call_id", "reasoning_content")
CALLS = ("tool_calls", "function_call")


class Messages(NamedTuple):
    """The messages that are forwarded, and how many of callers' system messages are not."""

    kept: tuple[dict[str, Any], ...]
    dropped: int


def parse_messages(given: Any, *, with_reasoning: bool = False) -> Messages:
    """Return the messages that are forwarded. Raise Invalid."""
    if not isinstance(given, list) or not given:
        raise Invalid(f"messages: must be a list of at least one message, not {_described(given)}.")
    rebuilt = [_message(f"messages[{number}]", raw, with_reasoning) for number, raw in enumerate(given)]
    kept = tuple(message for message in rebuilt if message is not None)
    if not kept:
        raise Invalid("messages: none is left, because system and developer messages are not forwarded.")
    return Messages(kept, len(rebuilt) - len(kept))


def texts_of(message: dict[str, Any]) -> list[str]:
    """Return everything in a message that the model reads."""
    texts = [message[name] for name in TEXTS if name in message]
    content = message.get("content")
    if isinstance(content, str):
        texts.append(content)
    elif content:
        texts += [part[PART_TEXTS[part["type"]]] for part in content]
    return texts + [json.dumps(message[name], ensure_ascii=False) for name in CALLS if name in message]


def _message(place: str, raw: Any, with_reasoning: bool) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        raise Invalid(f"{place}: must be an object, not {shorten(raw)}.")
    role = STRING.checked(f"{place}.role", raw.get("role"))
    if unicodedata.normalize("NFKC", role).strip().casefold() in DROPPED_ROLES:
        return None
    if role not in ROLES:
        raise Invalid(f"{place}.role: {shorten(role)} is not known; roles are {', '.join(ROLES)}.")
    if role == "assistant":
        return sent_back(place, raw, with_reasoning=with_reasoning)
    return _rebuilt(place, role, {name: value for name, value in raw.items() if value is not None})


def _rebuilt(place: str, role: str, given: dict[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in PROPERTIES[role]:
            raise Invalid(f"{place}: {shorten(name)} is not a property of a message with the role {role}.")
    for name in ("name", "tool_call_id"):
        if name in given:
            STRING.checked(f"{place}.{name}", given[name])
    if REQUIRED[role] not in given:
        raise Invalid(f"{place}.{REQUIRED[role]}: this property is missing.")
    given["content"] = _content(f"{place}.content", given.get("content"), may_be_empty=role != "user")
    return given


def _content(place: str, content: Any, *, may_be_empty: bool) -> Any:
    """Return the content; what a tool returned may be nothing."""
    if isinstance(content, str):
        return content
    if not content and content in (None, []) and may_be_empty:
        return ""
    if not isinstance(content, list) or not content:
        raise Invalid(f"{place}: must be a string or a list of parts, not {_described(content)}.")
    return [_part(f"{place}[{number}]", part) for number, part in enumerate(content)]


def _part(place: str, part: Any) -> dict[str, str]:
    if not isinstance(part, dict):
        raise Invalid(f"{place}: must be an object, not {shorten(part)}.")
    kind = part.get("type")
    if kind != "text":
        raise Invalid(f"{place}.type: {shorten(kind)} is not accepted: only text can be metered before it is sent.")
    return {"type": "text", "text": STRING.checked(f"{place}.text", part.get("text"))}


def _described(value: Any) -> str:
    return "an empty list" if value == [] else shorten(value)
