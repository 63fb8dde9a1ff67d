"""Requests with a value of another type, or none, at any place: they are counted, or refused with the place."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.errors import BadChatRequest

ODD: list[Any] = [None, {}, [], [[]], {"a": {}}, 0, 1.5, True, False, "", -1, ["x"], "x", 10**30, [{}], [None]]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}, "required": ["a"]}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
PICTURE = {"url": "https://example.org/a.png", "detail": "low", "width": 100, "height": 100}
ANSWER = {"name": "n", "schema": SCHEMA}
# For each shape a request with much of what it may have.
REQUESTS: dict[str, dict[str, Any]] = {
    "openai_chat": {
        "messages": [
            {"role": "system", "content": "s", "name": "n"},
            {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": PICTURE}]},
            {
                "role": "assistant",
                "content": "y",
                "reasoning_content": "r",
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "1", "content": "r"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": ANSWER},
        "reasoning_effort": "low",
        "reasoning": {"effort": "low", "enabled": True},
        "chat_template_kwargs": {"enable_thinking": True},
        "thinking": {"type": "enabled"},
        "max_tokens": 5,
    },
    "openai_responses": {
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "x"}, {"type": "input_image", **PICTURE}]},
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
            {"type": "function_call_output", "call_id": "c", "output": "o"},
        ],
        "instructions": "i",
        "tools": [{"type": "function", **FUNCTION}],
        "tool_choice": "auto",
        "text": {"format": {"type": "json_schema", **ANSWER}},
    },
    "anthropic_messages": {
        "system": [{"type": "text", "text": "s"}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "url", "url": "https://example.org"}, "width": 3, "height": 4},
                    {"type": "document", "source": {"type": "text", "data": "t"}, "title": "t", "context": "c"},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "t", "signature": "s", "thinking_tokens": 3},
                    {"type": "tool_use", "id": "1", "name": "f", "input": {}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "x"}]},
        ],
        "tools": [{"name": "f", "description": "d", "input_schema": SCHEMA, "type": "custom"}],
        "tool_choice": {"type": "tool", "name": "f"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_format": {"type": "json_schema", "schema": SCHEMA},
    },
    "gemini_contents": {
        "systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "x"},
                    {"inlineData": {"mimeType": "image/png", "data": "aa"}, "mediaResolution": {"level": "LOW"}},
                    {"fileData": {"mimeType": "video/mp4", "fileUri": "u"}, "videoMetadata": {"fps": 1}},
                ],
            },
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s"}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {"responseSchema": {"type": "OBJECT"}, "responseMimeType": "application/json"},
    },
    "bedrock_converse": {
        "system": [{"text": "s"}],
        "messages": [
            {"role": "user", "content": [{"text": "x"}, {"image": {"format": "png", "source": {"bytes": "aa"}}}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "t"}]}}]},
        ],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": SCHEMA}}}],
            "toolChoice": {"auto": {}},
        },
    },
    "cohere_chat": {
        "preamble": "p",
        "chat_history": [{"role": "USER", "message": "m"}, {"role": "CHATBOT", "message": "m"}],
        "message": "x",
        "tools": [{"name": "f", "description": "d"}],
        "documents": [{"text": "t"}],
    },
}
MODELS = {
    "openai_chat": ("gpt-4o", "qwen3-32b", "gpt-oss-20b"),
    "openai_responses": ("gpt-5-mini",),
    "anthropic_messages": ("claude-sonnet-4-5",),
    "gemini_contents": ("gemini-2.5-pro", "gemini-3-pro-preview"),
    "bedrock_converse": ("nova-pro-v1",),
    "cohere_chat": ("command-a-03-2025",),
}


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of all values inside a value."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, each in inner:
        yield (*place, key)
        yield from places(each, (*place, key))


def changed(body: dict[str, Any], place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Return a copy of a request with another value at a place."""
    copied: Any = copy.deepcopy(body)
    inner = copied
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = copy.deepcopy(value)
    return copied  # type: ignore[no-any-return]  # an object as before


@pytest.mark.parametrize(("shape", "model"), [(shape, model) for shape in MODELS for model in MODELS[shape]])
def test_odd_values_are_counted_or_refused_with_their_place(shape: str, model: str) -> None:
    """Whatever stands in a request, nothing else is raised."""
    counted = refused = 0
    for place in places(REQUESTS[shape]):
        for odd in ODD:
            try:
                count_request(package_registry(), shape, changed(REQUESTS[shape], place, odd), model)
                counted += 1
            except BadChatRequest:
                refused += 1
    assert counted
    assert refused
