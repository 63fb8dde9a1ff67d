"""The messages of a chat request: checked, rebuilt from known properties, and cleared of system messages."""

import json
import unicodedata
from typing import Any

from service.gateway.fields import OBJECT, STRING, Invalid
from service.strict_json import shorten

# Whoever runs the gateway speaks as the system; callers do not.
DROPPED_ROLES = ("system", "developer")
ROLES = ("user", "assistant", "tool")
PROPERTIES = {
    "user": ("role", "content", "name"),
    "assistant": ("role", "content", "name", "refusal", "tool_calls"),
    "tool": ("role", "content", "tool_call_id"),
}
# Clients send answers back as they got them; these properties of an answer are no input.
NO_INPUT = ("annotations", "audio", "function_call", "reasoning", "reasoning_content", "reasoning_details")
PART_TEXTS = {"text": "text", "refusal": "refusal"}


def parse_messages(given: Any) -> tuple[dict[str, Any], ...]:
    """The messages that are forwarded. Raises Invalid."""
    if not isinstance(given, list) or not given:
        raise Invalid(f"messages: must be a list of at least one message, not {shorten(given)}.")
    kept = [message for number, raw in enumerate(given) if (message := _message(f"messages[{number}]", raw))]
    if not kept:
        raise Invalid("messages: none is left, because system and developer messages are not forwarded.")
    return tuple(kept)


def texts_of(message: dict[str, Any]) -> list[str]:
    """Everything in a message that the model reads."""
    texts = [message[name] for name in ("name", "refusal", "tool_call_id") if name in message]
    content = message.get("content")
    if isinstance(content, str):
        texts.append(content)
    elif content:
        texts += [part[PART_TEXTS[part["type"]]] for part in content]
    if "tool_calls" in message:
        texts.append(json.dumps(message["tool_calls"], ensure_ascii=False))
    return texts


def _message(place: str, raw: Any) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        raise Invalid(f"{place}: must be an object, not {shorten(raw)}.")
    role = STRING.checked(f"{place}.role", raw.get("role"))
    if unicodedata.normalize("NFKC", role).strip().casefold() in DROPPED_ROLES:
        return None
    if role not in ROLES:
        raise Invalid(f"{place}.role: {shorten(role)} is not known; roles are {', '.join(ROLES)}.")
    given = {name: value for name, value in raw.items() if value is not None and name not in NO_INPUT}
    for name in given:
        if name not in PROPERTIES[role]:
            raise Invalid(f"{place}: {shorten(name)} is not a property of a message with the role {role}.")
    return _rebuilt(place, role, given)


def _rebuilt(place: str, role: str, given: dict[str, Any]) -> dict[str, Any]:
    for name in ("name", "refusal", "tool_call_id"):
        if name in given:
            STRING.checked(f"{place}.{name}", given[name])
    if role == "tool" and "tool_call_id" not in given:
        raise Invalid(f"{place}.tool_call_id: this property is missing.")
    if "tool_calls" in given:
        given["tool_calls"] = _tool_calls(f"{place}.tool_calls", given["tool_calls"])
    if "content" in given:
        given["content"] = _content(f"{place}.content", given["content"], role)
    elif role != "assistant" or not given.keys() & {"tool_calls", "refusal"}:
        raise Invalid(f"{place}.content: this property is missing.")
    elif "tool_calls" in given:
        given["content"] = None  # some servers insist on the property
    return given


def _content(place: str, content: Any, role: str) -> Any:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise Invalid(f"{place}: must be a string or a list of parts, not {shorten(content)}.")
    return [_part(f"{place}[{number}]", part, role) for number, part in enumerate(content)]


def _part(place: str, part: Any, role: str) -> dict[str, str]:
    if not isinstance(part, dict):
        raise Invalid(f"{place}: must be an object, not {shorten(part)}.")
    kind = part.get("type")
    if kind != "text" and not (kind == "refusal" and role == "assistant"):
        raise Invalid(f"{place}.type: {shorten(kind)} is not accepted: only text can be metered before it is sent.")
    return {"type": kind, PART_TEXTS[kind]: STRING.checked(f"{place}.{kind}", part.get(PART_TEXTS[kind]))}


def _tool_calls(place: str, calls: Any) -> list[dict[str, Any]]:
    if not isinstance(calls, list) or not calls:
        raise Invalid(f"{place}: must be a list of tool calls, not {shorten(calls)}.")
    return [_tool_call(f"{place}[{number}]", call) for number, call in enumerate(calls)]


def _tool_call(place: str, call: Any) -> dict[str, Any]:
    called = OBJECT.checked(place, call).get("function")
    if call.get("type", "function") != "function":
        raise Invalid(f'{place}.type: {shorten(call["type"])} is not known; the only type is "function".')
    function = OBJECT.checked(f"{place}.function", called)
    return {
        "id": STRING.checked(f"{place}.id", call.get("id")),
        "type": "function",
        "function": {
            name: STRING.checked(f"{place}.function.{name}", function.get(name)) for name in ("name", "arguments")
        },
    }
