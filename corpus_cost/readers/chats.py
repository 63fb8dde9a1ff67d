"""Rows that are chats: messages, lines of batch files, ShareGPT conversations; with tools and images.

A chat is read once into the common form, which is then counted for every model.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.count import read_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.recognition import shape_of
from tokenizer_registry.chat.request import CommonRequest
from tokenizer_registry.chat.shapes.known_properties import known_alone

# Columns that have messages, the first that is there; each row may have `tools` and a `model` beside them.
MESSAGES: Final = ("messages", "conversations", "conversation")
TOOLS: Final = "tools"
MODEL: Final = "model"
CHAT_COLUMNS: Final = (TOOLS, "functions", "system", MODEL)
# The requests that OpenAI's batch files are for, by the end of their `url`.
_BATCH_SHAPES: Final = {"/chat/completions": "openai_chat", "/responses": "openai_responses"}
_ROLES: Final[Mapping[str, str]] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
    "function_response": "tool",
    "function_call": "assistant",
}
NO_MODEL: Final = "its line names no model; name one with --model."


class NoChat(Exception):
    """A row that has what chats have and is none. The message is a sentence for people."""


class Chat(NamedTuple):
    """A request in the common form, the `model` that its row names, and its size in bytes of JSON."""

    request: CommonRequest
    model: str | None
    size: int


def chat_of(row: Any, size: int, text_column: str) -> Chat | None:
    """Return the chat of a row, None if it has nothing that chats have. Raise NoChat.

    A string in the text column is a text, whatever stands beside it.
    """
    found = _request_of(row, text_column)
    if found is None:
        return None
    shape, body = found
    try:
        request = read_request(shape, body)
    except BadChatRequest as fault:
        raise NoChat(f"{fault}.") from None
    return Chat(request, model_named(row), size)


def model_named(row: Any) -> str | None:
    """Return the model that a row names: in its request, or beside its messages."""
    if not isinstance(row, dict):
        return None
    inner = next((row[name] for name in _BATCHES if isinstance(row.get(name), dict)), row)
    found = inner.get(MODEL, row.get(MODEL))
    return found if isinstance(found, str) else None


def _request_of(row: Any, text_column: str) -> tuple[str, dict[str, Any]] | None:
    if isinstance(row, list):
        return ("openai_chat", {"messages": row}) if _are_messages(row) else None
    if not isinstance(row, dict) or isinstance(row.get(text_column), str):
        return None
    for name, inner in _BATCHES.items():
        if isinstance(row.get(name), dict) and ("custom_id" in row or shape_of(row[name]) is not None):
            return inner(row)
    column = next((name for name in (text_column, *MESSAGES) if _has_messages(row, name)), None)
    if column is None:
        shape = shape_of(row)
        return None if shape is None else (shape, known_alone(shape, row))
    return _with_messages(row, column)


def _has_messages(row: Mapping[str, Any], column: str) -> bool:
    values = row.get(column)
    return isinstance(values, list) and (column == MESSAGES[0] or _are_messages(values))


def _are_messages(values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(each, dict) and ("role" in each or "from" in each) for each in values)


def _with_messages(row: dict[str, Any], column: str) -> tuple[str, dict[str, Any]]:
    messages = row[column]
    if any(isinstance(each, dict) and "from" in each for each in messages):
        messages = [_turn_of(each, place, column) for place, each in enumerate(messages)]
        system = row.get("system")
        if isinstance(system, str) and system:
            messages = [{"role": "system", "content": system}, *messages]
            row = {name: value for name, value in row.items() if name != "system"}
    if column == "messages" and messages is row[column] and not isinstance(row.get(TOOLS), str):
        body = row
    else:
        body = {**{name: value for name, value in row.items() if name != column}, "messages": messages}
        body |= {TOOLS: _tools_of(row[TOOLS])} if row.get(TOOLS) is not None else {}
    shape = shape_of(body) or "openai_chat"
    return shape, known_alone(shape, body)


def _turn_of(turn: Any, place: int, column: str) -> dict[str, Any]:
    """Return one turn of ShareGPT as a message. Raise NoChat."""
    where = f"{column}[{place}]"
    if not isinstance(turn, dict) or not isinstance(turn.get("value"), str):
        raise NoChat(f"{where} must be an object with `from` and a string as `value`.")
    role = _ROLES.get(str(turn.get("from")).lower())
    if role is None:
        raise NoChat(f"{where}.from must be one of {', '.join(_ROLES)}, not {str(turn.get('from'))[:40]!r}.")
    if turn["from"] == "function_call":
        return {"role": role, "tool_calls": _calls_of(turn["value"], where)}
    return {"role": role, "content": turn["value"]}


def _calls_of(value: str, where: str) -> list[dict[str, Any]]:
    called = _json(value, f"{where}.value")
    calls = called if isinstance(called, list) else [called]
    if not all(isinstance(call, dict) and isinstance(call.get("name"), str) for call in calls):
        raise NoChat(f"{where}.value must be a call as JSON, with `name` and `arguments`.")
    return [
        {"id": f"call_{number}", "type": "function", "function": {**call, "arguments": _text(call.get("arguments"))}}
        for number, call in enumerate(calls)
    ]


def _text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments if arguments is not None else {})


def _tools_of(value: Any) -> list[Any]:
    """Return tools, which data sets hold as JSON text too, with or without the wrapping of OpenAI."""
    tools = (_json(value, TOOLS) if isinstance(value, str) and value.strip() else value) or []
    if not isinstance(tools, list):
        raise NoChat(f"{TOOLS} must be an array, or one as JSON.")
    return [
        {"type": "function", "function": tool}
        if isinstance(tool, dict) and "name" in tool and "type" not in tool
        else tool
        for tool in tools
    ]


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NoChat(f"{where} is not JSON.") from None


def _of_openai_batch(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    url = row.get("url")
    if not isinstance(url, str):
        return _recognised(row["body"], "body")
    for end, shape in _BATCH_SHAPES.items():
        if url.endswith(end):
            return shape, row["body"]
    raise NoChat(f"the url {url[:80]!r} is not one of chats, which end with {' or '.join(_BATCH_SHAPES)}.")


def _of_anthropic_batch(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "anthropic_messages", row["params"]


def _of_gemini_batch(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return _recognised(row["request"], "request")


def _recognised(body: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    shape = shape_of(body)
    if shape is None:
        raise NoChat(f"{name} has the shape of no provider's request.")
    return shape, body


# The property that holds the request in a line of a batch file.
_BATCHES: Final[Mapping[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]]] = {
    "body": _of_openai_batch,
    "params": _of_anthropic_batch,
    "request": _of_gemini_batch,
}


def without_nulls(value: Any) -> Any:
    """Return a value without the nulls of structs, where Arrow has every property in every row."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def model_fault(model: str | None, known: Sequence[str]) -> str | None:
    """Return why a chat cannot be counted for the model that its row names, None if it can."""
    if model is None:
        return NO_MODEL
    return None if model in known else f"unknown model {model[:80]!r}; name a known one with --model."
