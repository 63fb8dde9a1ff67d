"""Counts of whole requests: messages with their frame, tools, calls, schemas, images, sound and pages."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import NoneType
from typing import Any, Final

from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.chat.recognition import SHAPES, shape_of
from weighbridge.arguments import check_name
from weighbridge.counting import registry


def count_chat(
    messages: Sequence[Any] | Mapping[str, Any],
    model: str | None = None,
    *,
    tools: Sequence[Any] | None = None,
    host: str | None = None,
    shape: str | None = None,
    at: date | None = None,
) -> ChatCount:
    """Return the tokens of a request as the model's host bills them, by part.

    `messages` is a list of OpenAI's messages, with `tools` beside it, or the whole body of a request, whose `shape` is
    recognized if it is not given; its own model counts if none is given. Messages may be objects of an SDK. `host`
    sells the model, by default its own provider. `at` is the day of the call: rules have dates.

    >>> found = count_chat([{"role": "user", "content": "What is the weight of a lorry?"}], "gpt-4o")
    >>> found.tokens, found.method, found.parts.text.tokens, found.parts.frame.tokens
    (16, 'exact', 9, 7)
    >>> print(count_chat({"contents": [{"parts": [{"text": "hello"}]}]}, "gemini-2.5-pro").tokens)
    2

    Without a number `missing` says what has to be given. Raise BadChatRequest, which names the place of a fault,
    UnknownModel, UncountableText, TypeError, and ValueError for a request of no known shape.
    """
    body = _body_of(messages, tools)
    found = shape or shape_of(body)
    if found is None:
        raise ValueError(f"the request has the shape of no provider; pass one as shape: {', '.join(SHAPES)}")
    name = model if model is not None else body.get("model")
    if name is None:
        raise TypeError("model is missing, and the request names none: pass one such as 'gpt-4o'")
    check_name(name, "count_chat")
    return count_request(registry(), found, body, name, host, at)


def _body_of(messages: object, tools: object) -> dict[str, Any]:
    if isinstance(messages, Mapping):
        if tools is not None:
            raise TypeError("tools belong into the request; pass a list of messages to have them beside it")
        plain: dict[str, Any] = _plain(messages)
        return plain
    if isinstance(messages, str) or not isinstance(messages, Sequence):
        raise TypeError(
            f"messages must be a list of messages or the body of a request, not {type(messages).__name__}; "
            "weighbridge.count counts a text alone"
        )
    body = {"messages": [_plain(message) for message in messages]}
    return body if tools is None else body | {"tools": _plain(list(_sequence(tools)))}


def _sequence(tools: object) -> Sequence[Any]:
    if isinstance(tools, str) or not isinstance(tools, Sequence):
        raise TypeError(f"tools must be a list of tools, not {type(tools).__name__}")
    return tools


# Types of JSON whose values hold no other values.
_SCALARS: Final = frozenset({str, int, float, bool, NoneType})


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: the objects of SDKs are pydantic models. What is plain is not copied."""
    return value if _is_plain(value) else _converted(value)


def _is_plain(value: Any) -> bool:
    """Return whether a value has objects, arrays and scalars of JSON alone."""
    kind = type(value)
    if kind is dict:
        return all(type(each) in _SCALARS or _is_plain(each) for each in value.values())
    return kind in _SCALARS or (kind is list and all(map(_is_plain, value)))


def _converted(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Mapping):
        return {key: _converted(each) for key, each in value.items()}
    return [_converted(each) for each in value] if isinstance(value, list | tuple) else value
