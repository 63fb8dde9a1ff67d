"""Messages with the role assistant that a caller sends back: answers of this gateway, or of another server.

Clients return an answer with whatever it held. Only what a model reads is kept; every other property is dropped, an
empty list stands for none, and null for an empty text. So whatever the gateway hands out is accepted in the next turn.
"""

import json
from typing import Any

from service.gateway.fields import OBJECT, STRING, Invalid
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
    kept["content"] = _content(f"{place}.content", given.get("content")) or ""
    return kept


def _content(place: str, content: Any) -> str | list[dict[str, str]]:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise Invalid(f"{place}: must be a string or a list of parts, not {shorten(content)}.")
    parts = [_part(f"{place}[{number}]", part) for number, part in enumerate(content)]
    return [part for part in parts if part]


def _part(place: str, part: Any) -> dict[str, str]:
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
